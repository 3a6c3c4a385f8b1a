"""The audit log, which triggers write."""

from tableorder.repositories.audit import AuditRepository
from tests.noun_entries import Call

ADMIN_ROUTES = {("GET", "/api/v1/admin/audit"): Call(200)}
BOUNDS = {
    "audit_log": "10,000 entries a person and day, which go after AUDIT_RETENTION_DAYS: "
    "tests/api/test_audit.py::test_one_person_makes_so_many_entries_in_a_day"
}
PLANS = {
    "audit.list": lambda c, t: AuditRepository(c).list(store_id=t.store_id, limit=20, cursor=None),
    "audit.list, a later page": lambda c, t: AuditRepository(c).list(
        store_id=t.store_id, limit=20, cursor=(10**15, 10**9)
    ),
}

TEXTS = {("AuditQuery", "cursor"): lambda scene, text: scene.no_query("/admin/audit", "cursor", text)}
NEVER_KEPT = {("AuditQuery", "cursor"): "it has a form of its own"}


def add_rows(connection, shop):
    """Imported here: tests/factories.py finds this module."""
    from tests.factories import exists, insert

    if exists(connection, "audit_log"):
        insert(connection, "audit_log", "audit_id", store_id=shop.store_id, action="settings")
