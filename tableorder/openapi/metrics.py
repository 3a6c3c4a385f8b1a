"""The figures for Prometheus."""

from tableorder.openapi.operations import Answer, Operation

OPERATIONS = {
    "show_metrics": Operation(
        "The figures for Prometheus",
        description="Of all workers of the API together, on the API's own port only: nginx does not let it through.",
        answers={200: Answer("Prometheus's text format", {"type": "string"}, media_type="text/plain")},
        uses_database=False,
    ),
}
