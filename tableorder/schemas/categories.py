"""Categories as an admin adds and changes them."""

from tableorder.schemas.base import BodySchema, ChangeSchema
from tableorder.schemas.fields import Integer, Text


class CategorySchema(BodySchema):
    category_name = Text(required=True, most=50)
    display_order = Integer(least=0)


class CategoryChangeSchema(ChangeSchema):
    category_name = Text(most=50)
    display_order = Integer(least=0)
