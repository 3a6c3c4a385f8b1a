"""Tablets that were enrolled, and how others are."""

from marshmallow import fields

from tableorder.domain.devices import CODE_LETTERS, CODE_LIFETIME
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, changes_of
from tableorder.schemas.fields import Integer, Text


class Device(values.Document):
    device_id = values.identifier()
    table_id = values.identifier()
    table_number = values.number(least=1)
    device_name = values.text()
    created_at = values.moment()
    last_seen_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "its latest login; null before the first one"}
    )

    example = {
        "device_id": 5,
        "table_id": 3,
        "table_number": 3,
        "device_name": "창가 태블릿",
        "created_at": "2026-02-04T13:30:00.123456+09:00",
        "last_seen_at": None,
    }


class Devices(values.Document):
    store_id = values.identifier()
    devices = values.list_of(Device)

    example = {"store_id": 1, "devices": [Device.example]}


class DeviceDeleted(values.Document):
    message = values.text()
    device_id = values.identifier()

    example = {"message": "the device is revoked", "device_id": 5}


class Enrolment(values.Document):
    code = values.text(f"8 characters, each of {CODE_LETTERS}; it enrols one device")
    url = values.text("the tablet's screen with the code, for a QR code: put the address of this service before it")
    table_id = values.identifier()
    expires_in = values.number("seconds")
    expires_at = values.moment()

    example = {
        "code": "K7M4QX9R",
        "url": "/tablet#code=K7M4QX9R",
        "table_id": 3,
        "expires_in": CODE_LIFETIME,
        "expires_at": "2026-02-04T13:40:00.123456+09:00",
    }


class EnrolledDevice(values.Document):
    device_id = values.identifier()
    device_token = values.text("the device logs in by it; it is shown this once")
    device_name = values.text()
    store_id = values.identifier()
    store_name = values.text()
    table_id = values.identifier()
    table_number = values.number(least=1)

    example = {
        "device_id": 5,
        "device_token": "1.kV2nq0…",
        "device_name": "창가 태블릿",
        "store_id": 1,
        "store_name": "온달 한식당",
        "table_id": 3,
        "table_number": 3,
    }


class EnrolSchema(BodySchema):
    answer = EnrolledDevice
    examples = {"a tablet by the window": {"code": "K7M4QX9R", "device_name": "창가 태블릿"}}

    code = Text(required=True, most=50, metadata={"description": "in any case; blanks and hyphens do not count"})
    device_name = Text(required=True, most=50)


class DeviceSchema(BodySchema):
    answer = Device

    table_id = Integer(required=True)
    device_name = Text(required=True, most=50)


DeviceChangeSchema = changes_of(DeviceSchema, examples={"another table": {"table_id": 4}})
