"""The description of the API, and a page to read and try it; all that the page needs is served from here."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, current_app, request, send_file

STATIC = Path(__file__).resolve().parents[1] / "static"
SWAGGER_UI = Path(str(find_spec("flask_swagger_ui").origin)).parent / "dist"  # type: ignore[union-attr]

# Swagger UI styles its elements one by one and draws its icons from data URLs.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

OPENAPI = "tableorder.openapi"

blueprint = Blueprint("docs", __name__, static_folder=STATIC, static_url_path="/docs/static")
swagger_ui = Blueprint("swagger_ui", __name__, static_folder=SWAGGER_UI, static_url_path="/docs/swagger-ui")


@blueprint.get("/openapi.json")
def show_openapi() -> Response:
    text = _openapi()
    response = Response(text, mimetype="application/json")
    response.set_etag(hashlib.sha256(text).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


@blueprint.get("/docs")
def show_docs() -> Response:
    response = send_file(STATIC / "docs.html")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def _openapi() -> bytes:
    """The document, built by the first request for it, once in a process."""
    if OPENAPI not in current_app.extensions:
        from tableorder.openapi.document import build_document  # here, because most processes are never asked for it

        document = build_document(current_app.url_map)
        current_app.extensions[OPENAPI] = json.dumps(document, ensure_ascii=False).encode()
    return current_app.extensions[OPENAPI]
