"""This description, and the page that shows it."""

from tableorder.openapi.operations import Answer, Operation

OPERATIONS = {
    "show_openapi": Operation(
        "This description",
        headers=("If-None-Match",),
        answers={
            200: Answer("OpenAPI 3.1", {"type": "object"}, headers=("ETag",)),
            304: Answer("The caller has it", headers=("ETag",), media_type=""),
        },
        uses_database=False,
    ),
    "show_docs": Operation(
        "The page to read and try the API",
        answers={200: Answer("HTML", {"type": "string"}, media_type="text/html")},
        uses_database=False,
    ),
}
