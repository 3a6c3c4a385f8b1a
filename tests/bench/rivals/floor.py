"""What Flask and gunicorn cost by themselves: each route has one constant answer."""

import functools
import json
import os
from pathlib import Path

from flask import Flask, Response, request

app = Flask("floor", static_folder=None)


@app.get("/health")
def health() -> Response:
    return Response("{}", mimetype="application/json")


def answer(status: int, text: str, **variables: int) -> Response:
    if "If-None-Match" in request.headers:
        return Response(status=304)
    return Response(text, status, mimetype="application/json")


for method, rule, status, text in json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text()):
    view = functools.partial(answer, status, text)
    app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
