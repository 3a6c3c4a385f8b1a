"""The hours in which menus are served."""

from tableorder.repositories.dayparts import DaypartRepository
from tests.api.client import expect
from tests.noun_entries import Call

LUNCH = [{"weekday": 0, "starts": "11:00", "ends": "14:30"}]
ADMIN_ROUTES = {
    ("GET", "/api/v1/admin/dayparts"): Call(200),
    ("POST", "/api/v1/admin/dayparts"): Call(201, {"daypart_name": "심야", "hours": LUNCH}),
    ("PATCH", "/api/v1/admin/dayparts/{daypart}"): Call(200, {"hours": []}),
    ("DELETE", "/api/v1/admin/dayparts/{daypart}"): Call(200),
    ("PUT", "/api/v1/admin/menus/{menu}/dayparts"): Call(200, {"daypart_ids": []}),
    ("PUT", "/api/v1/admin/categories/{category}/dayparts"): Call(200, {"daypart_ids": []}),
}
BOUNDS = {
    "dayparts": "LIMIT_DAYPARTS: tests/api/test_dayparts.py::test_a_store_has_so_many_dayparts",
    "menu_dayparts": "MAX_DAYPARTS of a menu: tests/api/test_dayparts.py::test_a_menu_has_so_many_dayparts",
    "category_dayparts": "MAX_DAYPARTS of a category: tests/api/test_dayparts.py::test_a_menu_has_so_many_dayparts",
}


def _daypart_id(connection):
    return connection.fetch_value("SELECT max(daypart_id) FROM dayparts")


def _menu(connection):
    return connection.fetch_one(
        "SELECT menu_id, category_id FROM menus WHERE deleted_at IS NULL ORDER BY menu_id DESC LIMIT 1"
    )


PLANS = {
    "dayparts.list": lambda c, t: DaypartRepository(c).list(store_id=t.store_id),
    "dayparts.add": lambda c, t: DaypartRepository(c).add(store_id=t.store_id, daypart_name="아침", hours=LUNCH),
    "dayparts.update": lambda c, t: DaypartRepository(c).update(daypart_id=_daypart_id(c), hours=LUNCH),
    "dayparts.attach_to_menu": lambda c, t: DaypartRepository(c).attach_to_menu(
        menu_id=_menu(c)[0], daypart_ids=[_daypart_id(c)]
    ),
    "dayparts.attach_to_category": lambda c, t: DaypartRepository(c).attach_to_category(
        category_id=_menu(c)[1], daypart_ids=[_daypart_id(c)]
    ),
    "dayparts.outdated": lambda c, t: DaypartRepository(c).outdated(store_ids=[t.store_id]),
    "dayparts.begin_period": lambda c, t: DaypartRepository(c).begin_period(store_id=t.store_id),
    "dayparts.delete": lambda c, t: DaypartRepository(c).delete(daypart_id=_daypart_id(c)),
}


def add_ids(restaurant, tablet):
    lunch = {"daypart_name": "점심", "hours": LUNCH}
    return {"daypart": expect(201, restaurant.admin.post("/admin/dayparts", lunch))["daypart_id"]}


def send_name(scene, text):
    made = expect(201, scene.admin.post("/admin/dayparts", {"daypart_name": text, "hours": LUNCH}))
    listed = expect(200, scene.admin.get("/admin/dayparts"))["dayparts"]
    assert made["daypart_name"] == text and made in listed
    expect(200, scene.admin.delete(f"/admin/dayparts/{made['daypart_id']}"))


def send_new_name(scene, text):
    made = expect(201, scene.admin.post("/admin/dayparts", {"daypart_name": "옛 이름", "hours": LUNCH}))
    changed = scene.admin.patch(f"/admin/dayparts/{made['daypart_id']}", {"daypart_name": text})
    try:
        assert expect(200, changed)["daypart_name"] == text
    finally:
        expect(200, scene.admin.delete(f"/admin/dayparts/{made['daypart_id']}"))


TEXTS = {("DaypartSchema", "daypart_name"): send_name, ("DaypartChangeSchema", "daypart_name"): send_new_name}


def add_rows(connection, shop):
    """Imported here: tests/factories.py finds this module."""
    from tests.factories import exists, insert

    if exists(connection, "dayparts"):
        hours = '[{"weekday": 0, "starts": "11:00", "ends": "14:30"}]'
        daypart = {"store_id": shop.store_id, "daypart_name": "점심", "hours": hours}
        daypart_id = insert(connection, "dayparts", "daypart_id", **daypart)
        attached = {"store_id": shop.store_id, "daypart_id": daypart_id}
        insert(connection, "menu_dayparts", "menu_id", menu_id=shop.menu_id, **attached)
        insert(connection, "category_dayparts", "category_id", category_id=shop.category_id, **attached)
