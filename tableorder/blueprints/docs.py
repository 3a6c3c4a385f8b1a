"""The description of the API, and a page to read and try it; all that the page needs is served from here."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

from flask import Response, current_app, request, send_file

from tableorder.web.nouns import Noun
from tableorder.web.operations import may_answer, reads_header
from tableorder.web.responses import answers

STATIC = Path(__file__).resolve().parents[1] / "static"
SWAGGER_UI = Path(str(find_spec("flask_swagger_ui").origin)).parent / "dist"  # type: ignore[union-attr]

# Swagger UI styles its elements one by one and draws its icons from data URLs.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

OPENAPI = "tableorder.openapi"

blueprint, swagger_ui = (
    Noun(
        name,
        __name__,
        heading="Documentation",
        prefixes=("",),
        needs_database=False,
        static_folder=folder,
        static_url_path=path,
    )
    for name, folder, path in (("docs", STATIC, "/docs/static"), ("swagger_ui", SWAGGER_UI, "/docs/swagger-ui"))
)


@blueprint.get("/openapi.json")
@reads_header("If-None-Match")
@answers({"type": "object"}, "OpenAPI 3.1", headers=("ETag",))
@may_answer(304, "The caller has it", headers=("ETag",))
def show_openapi() -> Response:
    """This description."""
    text = _openapi()
    response = Response(text, mimetype="application/json")
    response.set_etag(hashlib.sha256(text).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


@blueprint.get("/docs")
@answers({"type": "string"}, "HTML", media_type="text/html")
def show_docs() -> Response:
    """The page to read and try the API."""
    response = send_file(STATIC / "docs.html")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def _openapi() -> bytes:
    """The document, built by the first request for it, once in a process."""
    if OPENAPI not in current_app.extensions:
        from tableorder.openapi.document import build_document  # here, because most processes are never asked for it

        document = build_document(current_app)
        current_app.extensions[OPENAPI] = json.dumps(document, ensure_ascii=False).encode()
    return current_app.extensions[OPENAPI]
