"""The categories of the menu."""

from tableorder.openapi.operations import Answer, Body, Operation
from tableorder.schemas import values
from tableorder.schemas.categories import Category, CategoryChangeSchema, CategorySchema


class Categories(values.Document):
    store_id = values.identifier()
    categories = values.list_of(Category)


class CategoryDeleted(values.Document):
    message = values.text()
    category_id = values.identifier()


CATEGORY = {"category_id": 1, "category_name": "찌개·탕", "display_order": 1, "menu_count": 4}

OPERATIONS = {
    "list_categories": Operation(
        "List the categories",
        answers={200: Answer("The categories in their order", Categories, {"store_id": 1, "categories": [CATEGORY]})},
    ),
    "add_category": Operation(
        "Add a category",
        description="It comes last unless `display_order` says otherwise.",
        body=Body(CategorySchema, {"desserts": {"category_name": "후식", "display_order": 6}}),
        answers={
            201: Answer(
                "The category", Category, CATEGORY, links={"category_id": ("update_category", "delete_category")}
            )
        },
        problems=("category_name_taken", "limit_reached"),
    ),
    "update_category": Operation(
        "Change a category",
        body=Body(CategoryChangeSchema, {"to the front": {"display_order": 0}}),
        answers={200: Answer("The category", Category, CATEGORY)},
        problems=("category_not_found", "category_name_taken"),
    ),
    "delete_category": Operation(
        "Delete a category",
        description="Only without menus in it.",
        answers={
            200: Answer(
                "The category is deleted", CategoryDeleted, {"message": "the category is deleted", "category_id": 1}
            )
        },
        problems=("category_not_found", "category_not_empty", "menu_in_use"),
    ),
}
