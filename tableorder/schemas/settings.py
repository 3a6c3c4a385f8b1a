"""What a store sets for itself."""

from tableorder.schemas import values
from tableorder.schemas.base import ChangeSchema
from tableorder.schemas.fields import OptionalText, Text

MAX_ORIGIN_NOTICE = 2000  # characters


class Settings(values.Document):
    store_id = values.identifier()
    time_zone = values.text("of the store's hours, such as Asia/Seoul")
    origin_notice = values.text("where ingredients come from (원산지 표시); guests get it with the menu", or_null=True)

    example = {"store_id": 1, "time_zone": "Asia/Seoul", "origin_notice": "쌀: 국내산, 김치(배추·고춧가루): 국내산"}


class SettingsChangeSchema(ChangeSchema):
    answer = Settings
    examples = {"where the rice is from": {"origin_notice": "쌀: 국내산"}}

    time_zone = Text(most=64)
    origin_notice = OptionalText(most=MAX_ORIGIN_NOTICE, may_break=True)
