"""Approvals, which the statements of what is approved use up."""

import secrets

from tableorder.database.connection import Connection
from tableorder.domain.approvals import LIFETIME, hash_approval
from tableorder.domain.identities import AdminIdentity


class ApprovalRepository:
    """The approvals of a store. Only their hashes are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, approver: AdminIdentity, action: str, subject: int | None) -> str:
        """A new approval of the action on `subject`, its id. It ends with the epoch that the approver has."""
        token = f"{approver.store_id}.{secrets.token_urlsafe(32)}"
        self._connection.fetch_all(
            """
            INSERT INTO approvals (token_hash, store_id, action, subject, approved_by, staff_id, token_epoch,
                                   expires_at)
            VALUES (%(token_hash)s, %(store_id)s, %(action)s, %(subject)s, %(approved_by)s, %(staff_id)s,
                    %(token_epoch)s, now() + %(lifetime)s * interval '1 second')
            """,
            {
                "token_hash": hash_approval(token),
                "store_id": approver.store_id,
                "action": action,
                "subject": subject,
                "approved_by": approver.username,
                "staff_id": approver.staff_id,
                "token_epoch": approver.epoch,
                "lifetime": LIFETIME,
            },
        )
        return token
