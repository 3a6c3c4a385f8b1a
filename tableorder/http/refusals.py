"""The answer to a request that is not valid HTTP: a problem document, made without a framework."""

from email.utils import formatdate
from http import HTTPStatus

from tableorder.http.problems import CRASH, MEDIA_TYPE, problem_document
from tableorder.http.request_ids import HEADER, choose_request_id
from tableorder.http.security_headers import SECURITY_HEADERS

DETAIL = (
    "the request is not valid HTTP, or its first line or its headers are too long; "
    "what is not ASCII in its path and query must be percent-encoded"
)

REASONS: dict[int, str] = {413: "Request Entity Too Large", 414: "URI Too Long"}  # Python's own names have changed

EXPLAINED = {413: ("request_entity_too_large", "the body is too large"), 500: CRASH}


def refusal(status: int) -> bytes:
    """The whole answer, the last one on its connection."""
    reason = REASONS.get(status, HTTPStatus(status).phrase)
    code, detail = EXPLAINED.get(status, (reason.lower().replace(" ", "_"), DETAIL))
    request_id = choose_request_id("")
    body = problem_document(status, code, detail, request_id)
    headers = {
        "Server": "gunicorn",
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        **SECURITY_HEADERS,
        HEADER: request_id,
    }
    head = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(head) + f"\r\n\r\n{body}").encode("ascii")
