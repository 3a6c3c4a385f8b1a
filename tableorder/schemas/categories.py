"""Categories as an admin adds and changes them."""

from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, ChangeSchema
from tableorder.schemas.fields import Integer, Text


class Category(values.Document):
    category_id = values.identifier()
    category_name = values.text()
    display_order = values.number()
    menu_count = values.number()


class CategorySchema(BodySchema):
    answer = Category

    category_name = Text(required=True, most=50)
    display_order = Integer(least=0)


class CategoryChangeSchema(ChangeSchema):
    answer = Category

    category_name = Text(most=50)
    display_order = Integer(least=0)
