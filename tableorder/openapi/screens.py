"""The screens."""

from tableorder.openapi.operations import Answer, Operation


def _page(summary: str) -> Operation:
    answer = Answer("HTML", {"type": "string"}, media_type="text/html")
    return Operation(summary, answers={200: answer}, uses_database=False)


OPERATIONS = {
    "show_landing": _page("What this is, with doors to the screens"),
    "show_tablet": _page("The guests' screen"),
    "show_counter": _page("The staff's screen"),
    "show_service_worker": Operation(
        "The script that keeps the tablet's page while the connection is gone",
        answers={200: Answer("JavaScript", {"type": "string"}, media_type="text/javascript")},
        uses_database=False,
    ),
}
