"""What is no HTTP at all is refused by gunicorn, before any route: in the form of every other problem."""

from http import HTTPStatus

import gunicorn.util

from tableorder.http.problems import CRASH, MEDIA_TYPE, problem_document
from tableorder.http.request_ids import HEADER, choose_request_id

DETAIL = (
    "the request is not valid HTTP, or its first line or its headers are too long; "
    "what is not ASCII in its path and query must be percent-encoded"
)


def write_refusal(client: object, status: int, reason: str, message: str) -> None:
    """In place of gunicorn.util.write_error, whose page of HTML repeats parts of the request."""
    refusal = reason.lower().replace(" ", "_"), DETAIL
    code, detail = CRASH if status == HTTPStatus.INTERNAL_SERVER_ERROR else refusal
    request_id = choose_request_id("")
    body = problem_document(status, code, detail, request_id)
    head = [
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        f"{HEADER}: {request_id}",
    ]
    gunicorn.util.write_nonblock(client, ("\r\n".join(head) + f"\r\n\r\n{body}").encode("ascii"))
