"""The screens: the landing page and those of guests, counter, kitchen and owner. They use nothing but the API.

A page's modules are served under a folder named for their content. So browsers keep them for good, and a page
never runs modules of two versions.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path, PurePosixPath

from flask import Response, abort, current_app, send_from_directory

from tableorder.web.context import CONFIG
from tableorder.web.nouns import Noun
from tableorder.web.responses import answers

FILES = Path(__file__).resolve().parents[1] / "static" / "screens"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types tableorder"
)

WORKER_POLICY = "default-src 'none'; connect-src 'self'"

# By its suffix, what a file is. Whatever else lies in the folder is not served.
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}

IMPORTED = re.compile(r'^import .*?from "(\..+?)";$', re.MULTILINE)
LINKED = re.compile(r'"{files}/(.+?)"')

KEPT_FOR_GOOD = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"

blueprint = Noun("screens", __name__, heading="Screens", prefixes=("",), needs_database=False)


@blueprint.get("/")
@answers({"type": "string"}, "HTML", media_type="text/html")
def show_landing() -> Response:
    """The page that leads to the screens."""
    return _page("landing")


@blueprint.get("/tablet")
@answers({"type": "string"}, "HTML", media_type="text/html")
def show_tablet() -> Response:
    """The guests' screen."""
    return _page("tablet")


@blueprint.get("/counter")
@answers({"type": "string"}, "HTML", media_type="text/html")
def show_counter() -> Response:
    """The staff's screen."""
    return _page("counter")


@blueprint.get("/kitchen")
@answers({"type": "string"}, "HTML", media_type="text/html")
def show_kitchen() -> Response:
    """The cooks' screen."""
    return _page("kitchen")


@blueprint.get("/office")
@answers({"type": "string"}, "HTML", media_type="text/html")
def show_office() -> Response:
    """The owner's screen."""
    return _page("office")


@blueprint.get("/service-worker.js")
@answers({"type": "string"}, "JavaScript", media_type="text/javascript")
def show_service_worker() -> Response:
    """The script that keeps the tablet's page while the connection is gone.

    A browser lets it keep what lies below its own address alone, so it is at the top.
    """
    files = [f"screens/{_version()}/{file}" for file in _kept_files()]
    text = (FILES / "service-worker.js").read_text(encoding="utf-8")
    text = text.replace("{version}", _version()).replace("{files}", " ".join(files))
    response = Response(text, content_type="text/javascript; charset=utf-8")
    response.headers["Content-Security-Policy"] = WORKER_POLICY
    response.headers["Cache-Control"] = ASKED_AGAIN
    return response


@blueprint.get("/screens/<version>/<path:filename>", endpoint="static")
def show_file(version: str, filename: str) -> Response:
    """A file of a page. Another version's name gets our file, too, but is not told to keep it."""
    media_type = MEDIA_TYPES.get(PurePosixPath(filename).suffix)
    if media_type is None:
        abort(404)
    response = send_from_directory(FILES, filename, mimetype=media_type)
    response.headers["Cache-Control"] = KEPT_FOR_GOOD if version == _version() else ASKED_AGAIN
    return response


def _page(name: str) -> Response:
    """A page's HTML, with the addresses of its files and, if bin/serve has loaded it, of the demo restaurant."""
    text = _template(name).replace("{demo_store_id}", str(current_app.extensions[CONFIG].demo_store_id or ""))
    response = Response(text, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["Cache-Control"] = ASKED_AGAIN
    return response


@cache
def _template(name: str) -> str:
    files = f"screens/{_version()}"
    links = [f'<link rel="modulepreload" href="{files}/{module}">' for module in _modules(name)]
    text = (FILES / name / f"{name}.html").read_text(encoding="utf-8")
    return text.replace("{modules}", "\n    ".join(links)).replace("{files}", files)


def _modules(name: str) -> list[str]:
    """What a page's module imports, and what those import, so that the browser can ask for all of them at once."""
    found = [FILES / name / f"{name}.js"]
    for module in found:
        imported = [(module.parent / other).resolve() for other in IMPORTED.findall(module.read_text(encoding="utf-8"))]
        found += [other for other in dict.fromkeys(imported) if other not in found]
    return [str(module.relative_to(FILES)) for module in found]


def _kept_files() -> list[str]:
    """All that the tablet's page loads."""
    page = (FILES / "tablet" / "tablet.html").read_text(encoding="utf-8")
    return sorted({*LINKED.findall(page), *_modules("tablet")})


@cache
def _version() -> str:
    """A name for the content of all files."""
    digest = hashlib.sha256()
    for file in sorted(path for path in FILES.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(FILES)} {file.stat().st_size}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]
