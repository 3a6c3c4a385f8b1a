"""The pictures of menus, for whoever knows their names."""

from flask import Response, request
from werkzeug.http import parse_etags

from tableorder.domain.errors import PictureNotFound
from tableorder.repositories.pictures import PictureRepository
from tableorder.web.context import connect
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_answer, may_refuse, reads_header
from tableorder.web.responses import answers

blueprint = Noun("pictures", __name__, heading="Menus")

KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


@blueprint.get("/pictures/<sha256:sha256>.webp")
@reads_header("If-None-Match")
@answers({"type": "string", "format": "binary"}, "A WebP", media_type="image/webp", headers=("ETag",))
@may_answer(304, "The caller has it", headers=("ETag",))
@may_refuse(PictureNotFound)
def show_picture(sha256: str) -> Response:
    """Show a picture.

    Its name is the SHA-256 of its content: it cannot be guessed, so there is no need of a token, and what is under it
    never changes. Pages of other origins may show it, too.
    """
    with connect(None) as connection:
        webp = PictureRepository(connection).get(sha256=sha256)
    is_known = parse_etags(request.environ.get("HTTP_IF_NONE_MATCH", "")).contains_weak(sha256)
    response = Response(status=304) if is_known else Response(webp, content_type="image/webp")
    response.set_etag(sha256)
    response.headers["Cache-Control"] = KEPT_FOR_GOOD
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
