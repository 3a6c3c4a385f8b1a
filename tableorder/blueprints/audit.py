"""The audit log, for an owner or a manager."""

from typing import Any

from tableorder.domain.identities import AdminIdentity
from tableorder.repositories.audit import AuditRepository
from tableorder.schemas.audit import AuditLog, AuditQuery
from tableorder.web.authentication import requires_admin
from tableorder.web.context import connect
from tableorder.web.nouns import Noun
from tableorder.web.requests import takes_query
from tableorder.web.responses import answers

blueprint = Noun("audit", __name__, heading="The books")


@blueprint.get("/admin/audit")
@requires_admin
@takes_query(AuditQuery)
@answers(AuditLog, "A page of the audit log")
def list_audit(admin: AdminIdentity, query: dict[str, Any]) -> str:
    """List who did what.

    Newest first: logins and logouts, accounts, passwords, prices of menus, voids and settings, each with what it was
    before and after. Entries are only added, and are removed after a year (AUDIT_RETENTION_DAYS). Failed logins are
    counted, not listed.
    """
    with connect(admin.store_id) as connection:
        return AuditRepository(connection).list(store_id=admin.store_id, **query)
