"""What guests must know of a dish: allergens, and where its ingredients come from."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

# The 19 of 식품 등의 표시·광고에 관한 법률 시행규칙, 별표 2; the SQL function allergen_names() has their names.
ALLERGENS = (
    "난류", "우유", "메밀", "땅콩", "대두", "밀", "고등어", "게", "새우", "돼지고기", "복숭아", "토마토", "아황산류",
    "호두", "닭고기", "쇠고기", "오징어", "조개류", "잣",
)  # fmt: skip

# The languages beside Korean that they have names in.
LABEL_LANGUAGES = ("en", "ja", "zh-Hans")

MAX_ORIGINS = 30  # of a dish
MAX_SPICY = 3

# What restaurants must name the origin of (농수산물의 원산지 표시 등에 관한 법률 시행령, 제3조), with the words by
# which it shows in the name of a dish.
LISTED_INGREDIENTS = {
    "쇠고기": ("쇠고기", "소고기", "한우", "갈비탕", "불고기", "육회", "설렁탕", "스테이크"),
    "돼지고기": ("돼지", "삼겹", "목살", "제육", "돈까스", "돈가스", "족발", "보쌈", "순대"),
    "닭고기": ("닭", "치킨", "삼계탕"),
    "오리고기": ("오리",),
    "양고기": ("양고기", "양꼬치", "양갈비"),
    "염소고기": ("염소",),
    "쌀": ("밥", "죽", "누룽지", "떡"),
    "배추김치": ("김치",),
    "콩": ("두부", "콩국수", "콩비지"),
    "넙치": ("광어", "넙치"),
    "조피볼락": ("우럭", "조피볼락"),
    "참돔": ("참돔", "도미"),
    "미꾸라지": ("추어탕", "미꾸라지"),
    "뱀장어": ("장어",),
    "낙지": ("낙지", "연포탕"),
    "명태": ("명태", "동태", "황태", "북어", "코다리"),
    "고등어": ("고등어",),
    "갈치": ("갈치",),
    "오징어": ("오징어",),
    "꽃게": ("꽃게", "게장"),
    "참조기": ("조기", "굴비"),
    "다랑어": ("참치", "다랑어"),
    "아귀": ("아귀", "아구"),
    "주꾸미": ("주꾸미", "쭈꾸미"),
    "가리비": ("가리비",),
    "멍게": ("멍게", "우렁쉥이"),
    "방어": ("방어",),
    "전복": ("전복",),
}


class LabelledMenu(NamedTuple):
    """What a dish says of itself; `ingredients` are those with an origin, as text."""

    menu_id: int
    menu_name: str
    is_declared: bool
    ingredients: str


def missing_labels(menus: Iterable[LabelledMenu], origin_notice: str) -> dict[str, Any]:
    """`undeclared`, the ids of dishes without a word on allergens; `suspects`, [`menu_id`, `ingredient`].

    A suspect has a listed ingredient in its name, and neither the dish nor the store's notice says where that is from.
    """
    menus = [*menus]
    return {
        "undeclared": [menu.menu_id for menu in menus if not menu.is_declared],
        "suspects": [
            {"menu_id": menu.menu_id, "ingredient": ingredient}
            for menu in menus
            for ingredient, words in LISTED_INGREDIENTS.items()
            if _has(menu.menu_name, words) and not _has(f"{menu.ingredients} {origin_notice}", (ingredient, *words))
        ],
    }


def _has(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)
