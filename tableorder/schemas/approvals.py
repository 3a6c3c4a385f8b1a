"""Approvals of an owner or a manager, and the PINs that they are given with."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from tableorder.domain.approvals import OF_ONE_THING, READ_BOOKS
from tableorder.domain.limits import MAX_BIG_INTEGER
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema
from tableorder.schemas.fields import Integer, Password, Pin, Text


class Approval(values.Document):
    approval_token = values.text("goes into X-Approval")
    expires_in = values.number("seconds")

    example = {"approval_token": "1.3q2-7w…", "expires_in": 60}


class ApprovalSchema(BodySchema):
    answer = Approval
    examples = {"of a void": {"username": "demo", "pin": "4711", "action": "void", "subject": 31}}

    username = Text(required=True, most=50)
    pin = Pin(required=True)
    action = Text(required=True, most=20, choices=(*OF_ONE_THING, READ_BOOKS))
    subject = Integer(
        most=MAX_BIG_INTEGER,
        allow_none=True,
        load_default=None,
        metadata={"description": "the id of the order to void; null for read_books"},
    )

    @validates_schema
    def require_subject(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["action"] == READ_BOOKS and data["subject"] is not None:
            raise ValidationError("Must be left out: this is for no one thing.", "subject")
        if data["action"] in OF_ONE_THING and data["subject"] is None:
            raise ValidationError("Must be the id of what this is for.", "subject")


class PinSchema(BodySchema):
    examples = {"another PIN": {"current_password": "demo-admin", "pin": "4711"}}

    current_password = Password(required=True)
    pin = Pin(required=True)


class PinSet(values.Document):
    message = values.text()

    example = {"message": "your PIN is set"}
