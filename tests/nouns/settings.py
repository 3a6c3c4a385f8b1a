"""The settings of a store."""

from tableorder.repositories.settings import SettingsRepository
from tests.api.client import expect, refused
from tests.noun_entries import Call

SETTINGS = "/api/v1/admin/settings"
ADMIN_ROUTES = {
    ("GET", SETTINGS): Call(200),
    ("PATCH", SETTINGS): Call(200, {"origin_notice": "쌀: 국내산"}),
}
BOUNDS = {"store_settings": "a row for each store"}
PLANS = {
    "settings.get": lambda c, t: SettingsRepository(c).get(store_id=t.store_id),
    "settings.update": lambda c, t: SettingsRepository(c).update(store_id=t.store_id, changes={"origin_notice": "쌀"}),
}


def send_notice(scene, text):
    changed = expect(200, scene.admin.patch("/admin/settings", {"origin_notice": text}))
    assert changed["origin_notice"] == expect(200, scene.admin.get("/admin/settings"))["origin_notice"] == text


def send_time_zone(scene, text):
    refused(400, "validation_failed", scene.admin.patch("/admin/settings", {"time_zone": text}))


TEXTS = {
    ("SettingsChangeSchema", "origin_notice"): send_notice,
    ("SettingsChangeSchema", "time_zone"): send_time_zone,
}
NEVER_KEPT = {("SettingsChangeSchema", "time_zone"): "it names a time zone"}


def add_rows(connection, shop):
    """Imported here: tests/factories.py finds this module."""
    from tests.factories import exists, insert

    if exists(connection, "store_settings"):
        insert(connection, "store_settings", "store_id", store_id=shop.store_id, origin_notice="쌀: 국내산")
