"""Categories as an admin lists, adds and changes them."""

from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, changes_of
from tableorder.schemas.fields import Integer, Text, Translations


class Category(values.Document):
    category_id = values.identifier()
    category_name = values.text()
    translations = values.translations()
    display_order = values.number()
    dayparts = values.dayparts()
    menu_count = values.number()

    example = {
        "category_id": 1,
        "category_name": "찌개·탕",
        "translations": {"en": {"name": "Stews & soups"}},
        "display_order": 1,
        "dayparts": [],
        "menu_count": 4,
    }


class Categories(values.Document):
    store_id = values.identifier()
    categories = values.list_of(Category)

    example = {"store_id": 1, "categories": [Category.example]}


class CategoryDeleted(values.Document):
    message = values.text()
    category_id = values.identifier()

    example = {"message": "the category is deleted", "category_id": 1}


class CategorySchema(BodySchema):
    answer = Category
    examples = {"desserts": {"category_name": "후식", "display_order": 6}}

    category_name = Text(required=True, most=50)
    translations = Translations(most=50, load_default=dict)
    display_order = Integer(least=0, load_default=None)


CategoryChangeSchema = changes_of(CategorySchema, examples={"to the front": {"display_order": 0}})
