"""What schemathesis cannot know of itself: who may call, and values that a schema cannot describe in full."""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from io import BytesIO

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from tableorder.domain.errors import Invalid
from tableorder.domain.passwords import password_problem
from tableorder.domain.text import clean
from tests.api.client import TABLE_PASSWORD, Restaurant

restaurant = Restaurant(
    os.environ["SERVER"], int(os.environ["STORE_ID"]), "", os.environ["ADMIN_USERNAME"], os.environ["ADMIN_PASSWORD"]
)

restaurant.add_table(1)
category_id = restaurant.add_category()
menu_ids = [restaurant.add_menu(category_id=category_id) for _ in range(3)]


@schemathesis.auth().apply_to(path_regex="^/api/v1/admin/")
class AdminToken:
    def get(self, case, context) -> str:
        return restaurant.admin.token

    def set(self, case, data, context) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.auth(refresh_interval=10).apply_to(path_regex="^/api/v1/customer/")
class TableToken(AdminToken):
    """Of a new table now and then, since the admin's calls end sessions."""

    def get(self, case, context) -> str:
        number = 1_000_000 + secrets.randbelow(1_000_000_000)
        restaurant.add_table(number)
        return restaurant.seat(number).token


@schemathesis.hook
def before_call(context, case, **kwargs) -> None:
    """Let some calls that are well-formed name what there is."""
    if case.meta is None or not case.meta.generation.mode.is_positive or not isinstance(case.body, dict):
        return
    case.body = with_whole_numbers(case.body)
    name = case.operation.definition.raw["operationId"]
    if name == "place_order":
        for item in case.body["items"]:
            item["menu_id"] = menu_ids[item["menu_id"] % 3]
    elif name == "reorder_menus" and len(case.body["menu_ids"]) == len(menu_ids):
        case.body["menu_ids"] = menu_ids
    elif name == "log_in_admin" and len(case.body["username"]) % 2:
        case.body |= {"username": restaurant.username, "password": restaurant.password}
    elif name == "log_in_table" and case.body["table_number"] % 2:
        case.body |= {"store_id": restaurant.store_id, "table_number": 1, "table_password": TABLE_PASSWORD}


def with_whole_numbers(value):
    """JSON Schema takes 2.0 for an integer; the API, which is strict about types, does not."""
    if isinstance(value, dict):
        return {name: with_whole_numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def data_url(image_format: str) -> str:
    picture = BytesIO()
    Image.new("RGB", (2, 2), "red").save(picture, image_format)
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(picture.getvalue()).decode()}"


def is_text(text: str) -> bool:
    with suppress(Invalid):
        return clean(text, most=500) == text
    return False


def is_password(password: str) -> bool:
    return password_problem(password) is None


CHARACTERS = st.characters(codec="utf-8", exclude_categories=["C"]) | st.sampled_from("국수 🍜")
pictures = [data_url(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP")]
schemathesis.openapi.format("image-data-url", st.sampled_from(pictures))
schemathesis.openapi.format("password", st.text(CHARACTERS, min_size=1, max_size=72).filter(is_password))
schemathesis.openapi.format("visible-text", st.text(CHARACTERS, min_size=1, max_size=50).filter(is_text))
schemathesis.openapi.format("cursor", st.builds("{}-{}".format, st.integers(0, 10**17 - 1), st.integers(0, 2**31 - 1)))
