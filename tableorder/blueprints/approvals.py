"""Approvals: an owner or a manager lets one of the staff do what their role may not."""

from typing import Any

from tableorder.domain.approvals import LIFETIME
from tableorder.domain.errors import CredentialsInvalid, LimitReached, TooManyFailures, TooManyLogins
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.roles import FLOOR
from tableorder.repositories.approvals import ApprovalRepository
from tableorder.schemas.approvals import Approval, ApprovalSchema
from tableorder.web.authentication import requires_role
from tableorder.web.context import connect
from tableorder.web.credentials import THROTTLED, admit_approver
from tableorder.web.nouns import Noun
from tableorder.web.operations import described_by, may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("approvals", __name__, heading="Staff")


@blueprint.post("/admin/approvals")
@requires_role(*FLOOR)
@takes_body(ApprovalSchema)
@answers(Approval, "The approval", 201)
@may_refuse(CredentialsInvalid, TooManyFailures, TooManyLogins, LimitReached)
@described_by(THROTTLED)
def add_approval(admin: AdminIdentity, body: dict[str, Any]) -> dict[str, Any]:
    """Approve.

    An owner or a manager types in their username and PIN, on the device of the person who needs the approval. Send the
    approval in X-Approval within 60 s: once, for its one purpose; with `read_books`, for every read of the history and
    the voids.
    """
    approver = admit_approver(body["username"], body["pin"], admin.store_id)
    with connect(admin.store_id) as connection:
        approvals = ApprovalRepository(connection)
        token = approvals.add(approver=approver, action=body["action"], subject=body["subject"])
    return {"approval_token": token, "expires_in": LIFETIME}
