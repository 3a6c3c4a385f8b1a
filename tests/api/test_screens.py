"""The files of the screens: policy, types, caching."""

from __future__ import annotations

import re

import pytest
import requests

from tableorder.blueprints.screens import FILES

PAGES = ("/", "/tablet", "/counter", "/kitchen", "/office")
LOADED = re.compile(r'(?:src|href)="(screens/[^"]+)"')


def get(server, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{server.base}/{path.lstrip('/')}", headers=headers, timeout=30)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_load_what_is_ours_and_nothing_else(server, path):
    page = get(server, path)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    policy = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "://" not in page.text and "{" not in page.text
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page.text)


@pytest.mark.parametrize("path", PAGES)
def test_what_a_page_loads_is_kept_for_good(server, path):
    loaded = LOADED.findall(get(server, path).text)
    assert len(loaded) > 5
    for address in loaded:
        file = get(server, address)
        assert file.status_code == 200, address
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert get(server, address, **{"If-None-Match": file.headers["ETag"]}).status_code == 304


def test_each_kind_of_file_is_told_for_what_it_is(server):
    [folder] = {address.split("/")[1] for address in LOADED.findall(get(server, "/tablet").text)}
    kinds = {"common/api.js": "text/javascript", "common/base.css": "text/css", "icon.svg": "image/svg+xml"}
    for name, kind in kinds.items():
        assert get(server, f"/screens/{folder}/{name}").headers["Content-Type"].split(";")[0] == kind


def test_another_versions_files_are_not_kept(server):
    """As while a new version comes in, when the page is of one worker and the file of another."""
    file = get(server, "/screens/0000000000000000/common/api.js")
    assert (file.status_code, file.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "name", ["types.d.ts", "tablet/tablet.html", "nothing.js", "../docs.js", "%2e%2e/docs.js", "..%2f..%2f__init__.py"]
)
def test_nothing_else_is_served(server, name):
    [folder] = {address.split("/")[1] for address in LOADED.findall(get(server, "/tablet").text)}
    url = f"{server.base}/screens/{folder}/{name}"
    request = requests.Request("GET", url).prepare()
    request.url = url  # without the tidying of requests
    with requests.Session() as session:
        assert session.send(request, timeout=30).status_code == 404


def test_the_service_worker_keeps_all_that_the_tablet_loads(server):
    script = get(server, "/service-worker.js")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "no-cache"
    kept = set(re.search(r'FILES = "([^"]+)"', script.text)[1].split())
    loaded = set(LOADED.findall(get(server, "/tablet").text))
    assert loaded <= kept
    assert {name.rsplit("/", 1)[1] for name in kept} >= {file.name for file in (FILES / "tablet").glob("*.js")}


def test_the_demo_is_offered_where_bin_serve_loaded_it_alone(server):
    assert '<meta name="demo-store" content="">' in get(server, "/").text
