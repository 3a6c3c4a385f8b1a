"""The categories of a store's menu."""

from collections.abc import Mapping

from tableorder.database.connection import Connection
from tableorder.domain.errors import CategoryNotEmpty, CategoryNotFound, LimitReached
from tableorder.domain.limits import DEFAULT_LIMITS, Limits


class CategoryRepository:
    """The categories of a store; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int) -> str:
        """All categories in their order, with the number of menus in each."""
        return self._connection.fetch_value(
            """
            SELECT json_build_object(
                       'store_id', %(store_id)s,
                       'categories', COALESCE(json_agg(json_build_object(
                           'category_id', category.category_id,
                           'category_name', category.category_name,
                           'translations', category.translations,
                           'display_order', category.display_order,
                           'dayparts', category_daypart_ids(category.category_id),
                           'menu_count', (SELECT count(*)
                                            FROM menus
                                           WHERE menus.category_id = category.category_id
                                             AND menus.deleted_at IS NULL))
                       ORDER BY category.display_order, category.category_id), '[]'))::text
              FROM categories AS category
             WHERE category.store_id = %(store_id)s
            """,
            {"store_id": store_id},
        )

    def add(
        self,
        *,
        store_id: int,
        category_name: str,
        display_order: int | None,
        translations: Mapping[str, object] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> str:
        """Add a category, as the last one without a `display_order`, and return it.

        Additions to a store wait for each other, so that each counts those before. Raises CategoryNameTaken,
        LimitReached.
        """
        document = self._connection.fetch_value(
            """
            SELECT pg_advisory_xact_lock(7283463, %(store_id)s);

            INSERT INTO categories AS category (store_id, category_name, translations, display_order)
            SELECT %(store_id)s, %(category_name)s, %(translations)s::jsonb,
                   COALESCE(%(display_order)s::int,
                            (SELECT LEAST(COALESCE(max(display_order)::bigint + 1, 0), 2147483647)
                               FROM categories
                              WHERE store_id = %(store_id)s))
             WHERE %(limit)s = 0
                OR (SELECT count(*) FROM categories WHERE store_id = %(store_id)s) < %(limit)s
            RETURNING json_build_object(
                'category_id', category.category_id,
                'category_name', category.category_name,
                'translations', category.translations,
                'display_order', category.display_order,
                'dayparts', '[]'::json,
                'menu_count', 0)::text
            """,
            {
                "store_id": store_id,
                "category_name": category_name,
                "translations": translations or {},
                "display_order": display_order,
                "limit": limits.categories,
            },
        )
        if document is None:
            limit = limits.categories
            raise LimitReached(limit=limit, noun="categories")
        return document

    def update(
        self,
        *,
        category_id: int,
        category_name: str | None = None,
        display_order: int | None = None,
        translations: Mapping[str, object] | None = None,
    ) -> str:
        """Change what is given and return the category. Raises CategoryNotFound, CategoryNameTaken."""
        document = self._connection.fetch_value(
            """
            UPDATE categories AS category
               SET category_name = COALESCE(%(category_name)s, category.category_name),
                   translations = COALESCE(%(translations)s::jsonb, category.translations),
                   display_order = COALESCE(%(display_order)s, category.display_order)
             WHERE category.category_id = %(category_id)s
            RETURNING json_build_object(
                'category_id', category.category_id,
                'category_name', category.category_name,
                'translations', category.translations,
                'display_order', category.display_order,
                'dayparts', category_daypart_ids(category.category_id),
                'menu_count', (SELECT count(*)
                                 FROM menus
                                WHERE menus.category_id = category.category_id AND menus.deleted_at IS NULL))::text
            """,
            {
                "category_id": category_id,
                "category_name": category_name,
                "translations": translations,
                "display_order": display_order,
            },
        )
        if document is None:
            raise CategoryNotFound(category_id=category_id)
        return document

    def delete(self, *, category_id: int) -> None:
        """Remove a category without menus. Raises CategoryNotFound, CategoryNotEmpty, MenuInUse.

        The lock comes first, so that a menu being added to it is seen. Retired menus are on no list, but order lines
        may refer to them: they move to another category of the store; without another, they go with this one.
        """
        row = self._connection.find_one(
            """
            SELECT FROM categories WHERE category_id = %(category_id)s FOR UPDATE;

            WITH empty AS (
                SELECT category_id, store_id
                  FROM categories
                 WHERE category_id = %(category_id)s
                   AND NOT EXISTS (SELECT FROM menus
                                    WHERE menus.category_id = %(category_id)s AND menus.deleted_at IS NULL)
            ), other AS (
                SELECT min(categories.category_id) AS category_id
                  FROM categories
                  JOIN empty ON empty.store_id = categories.store_id AND empty.category_id <> categories.category_id
            ), moved AS (
                UPDATE menus
                   SET category_id = other.category_id
                  FROM empty, other
                 WHERE menus.category_id = empty.category_id AND other.category_id IS NOT NULL
            ), deleted AS (
                DELETE FROM categories USING empty WHERE categories.category_id = empty.category_id
                RETURNING categories.category_id
            )
            SELECT EXISTS (SELECT FROM deleted) FROM categories WHERE category_id = %(category_id)s
            """,
            {"category_id": category_id},
        )
        if row is None:
            raise CategoryNotFound(category_id=category_id)
        if row[0] is False:
            raise CategoryNotEmpty(category_id=category_id)
