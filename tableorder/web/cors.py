"""Cross-origin requests to the API."""

from __future__ import annotations

from collections.abc import Set

from flask import Flask, Response, request

from tableorder.http.cors import cors_headers


def register_cors(app: Flask, origins: Set[str]) -> None:
    """Let pages of these origins call the API. Flask answers OPTIONS, with the path's methods in Allow."""

    def allow(response: Response) -> Response:
        methods = response.headers.get("Allow", "") if request.method == "OPTIONS" else ""
        response.headers.extend(cors_headers(origins, request.headers.get("Origin", ""), methods))
        return response

    if origins:
        app.after_request(allow)
