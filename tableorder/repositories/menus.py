"""What a store sells. A deleted menu is retired: gone from every list, kept while lines refer to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tableorder.database.connection import Connection
from tableorder.database.statements import Statement
from tableorder.domain.errors import CategoryNotFound, LimitReached, MenuNotFound, MenusMissing, SeveralCategories
from tableorder.domain.limits import DEFAULT_LIMITS, Limits

# The columns that an admin sets.
COLUMNS = ("category_id", "menu_name", "price", "description", "image_base64", "display_order", "is_available")

# The fields of the menu at hand that guests see. Used where `menu`, a row of menus, is in scope.
GUEST_FIELDS = """
    'menu_id', menu.menu_id,
    'menu_name', menu.menu_name,
    'price', menu.price,
    'description', menu.description,
    'image_base64', menu.image_base64,
    'display_order', menu.display_order,
    'is_available', menu.is_available"""

ADMIN_FIELDS = (
    GUEST_FIELDS
    + """,
    'created_at', menu.created_at,
    'updated_at', menu.updated_at"""
)

# The menu at hand with its category. Used where `menu` is in scope.
MENU = (
    """json_build_object(
    'category_id', menu.category_id,
    'category_name', (SELECT category_name FROM categories WHERE categories.category_id = menu.category_id),"""
    + ADMIN_FIELDS
    + ")::text"
)


def _catalog(name: str, menu_fields: str) -> Statement:
    """The store's menu as JSON, of one category if given, unless its version is among `known_versions`.

    The version and the menu are read by one statement, so they belong together.
    """
    return Statement(
        name,
        """
        SELECT versions.version::text,
               %(category_id)s::int IS NULL OR EXISTS (SELECT FROM categories WHERE category_id = %(category_id)s::int),
               CASE WHEN (versions.version::text = ANY(%(known_versions)s::text[])) IS NOT TRUE THEN json_build_object(
                   'store_id', %(store_id)s::int,
                   'categories', COALESCE((
                       SELECT json_agg(json_build_object(
                                  'category_id', category.category_id,
                                  'category_name', category.category_name,
                                  'display_order', category.display_order,
                                  'menus', COALESCE((
                                      SELECT json_agg(json_build_object("""
        + menu_fields
        + """) ORDER BY menu.display_order, menu.menu_id)
                                        FROM menus AS menu
                                       WHERE menu.category_id = category.category_id AND menu.deleted_at IS NULL
                                  ), '[]'))
                              ORDER BY category.display_order, category.category_id)
                         FROM categories AS category
                        WHERE category.store_id = %(store_id)s::int
                          AND (%(category_id)s::int IS NULL OR category.category_id = %(category_id)s::int)
                   ), '[]'))::text END
          FROM (SELECT %(store_id)s::int AS store_id) AS store
          LEFT JOIN menu_versions AS versions ON versions.store_id = store.store_id
        """,
    )


GUEST_CATALOG = _catalog("guest_catalog", GUEST_FIELDS)
ADMIN_CATALOG = _catalog("admin_catalog", ADMIN_FIELDS)


@dataclass(frozen=True)
class Catalog:
    """A store's menu as JSON text, None if the caller has this version already, and its version."""

    version: str | None
    document: str | None


class MenuRepository:
    """The menus of a store; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def catalog(self, *, store_id: int, category_id: int | None, known_versions: Sequence[str]) -> Catalog:
        """What guests see. Raises CategoryNotFound."""
        return self._read_catalog(GUEST_CATALOG, store_id, category_id, known_versions)

    def list(self, *, store_id: int, category_id: int | None) -> str:
        """What admins see: the same, with the times. Raises CategoryNotFound."""
        return self._read_catalog(ADMIN_CATALOG, store_id, category_id, ()).document or ""

    def add(self, *, store_id: int, values: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> str:
        """Add a menu, as the last of its category without a display_order, and return it. `values`: all of COLUMNS.

        Additions to a store wait for each other, so that each counts those before. Retired menus are kept for a day at
        least, so they have a limit too. The category is locked, so that a reorder under way is over and its places
        count. Raises CategoryNotFound, LimitReached.
        """
        document = self._connection.fetch_value(
            """
            SELECT pg_advisory_xact_lock(7283464, %(store_id)s);

            SELECT FROM categories WHERE category_id = %(category_id)s FOR NO KEY UPDATE;

            WITH present AS (
                SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS live, count(*) AS kept
                  FROM menus
                 WHERE store_id = %(store_id)s
            )
            INSERT INTO menus AS menu (store_id, category_id, menu_name, price, description, image_base64,
                                       display_order, is_available)
            SELECT %(store_id)s, %(category_id)s, %(menu_name)s, %(price)s, %(description)s, %(image_base64)s,
                   COALESCE(%(display_order)s::int,
                            (SELECT LEAST(COALESCE(max(display_order)::bigint + 1, 0), 2147483647)
                               FROM menus
                              WHERE category_id = %(category_id)s AND deleted_at IS NULL)),
                   %(is_available)s
              FROM present
             WHERE %(limit)s = 0 OR present.live < %(limit)s AND present.kept < 10 * %(limit)s
            RETURNING """
            + MENU,
            {"store_id": store_id, "limit": limits.menus, **values},
        )
        if document is None:
            raise LimitReached(limit=limits.menus, noun="menus")
        return document

    def update(self, *, menu_id: int, changes: Mapping[str, object]) -> str:
        """Change the columns in `changes` and return the menu. Raises MenuNotFound, CategoryNotFound.

        A None clears a description or an image; the other columns are never None. A menu that changes its category
        comes last in the new one unless its place is given, too: its place in the old one says nothing there. Locks
        the menu and then the category, as a reorder does.
        """
        document = self._connection.fetch_value(
            """
            SELECT FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL FOR NO KEY UPDATE;

            SELECT FROM categories WHERE category_id = %(category_id)s FOR NO KEY UPDATE;

            UPDATE menus AS menu
               SET category_id = COALESCE(%(category_id)s, menu.category_id),
                   menu_name = COALESCE(%(menu_name)s, menu.menu_name),
                   price = COALESCE(%(price)s, menu.price),
                   description = CASE WHEN %(sets_description)s THEN %(description)s ELSE menu.description END,
                   image_base64 = CASE WHEN %(sets_image)s THEN %(image_base64)s ELSE menu.image_base64 END,
                   display_order = COALESCE(
                       %(display_order)s,
                       CASE WHEN menu.category_id <> %(category_id)s THEN (
                           SELECT LEAST(COALESCE(max(menus.display_order)::bigint + 1, 0), 2147483647)
                             FROM menus
                            WHERE menus.category_id = %(category_id)s AND menus.deleted_at IS NULL) END,
                       menu.display_order),
                   is_available = COALESCE(%(is_available)s, menu.is_available)
             WHERE menu.menu_id = %(menu_id)s AND menu.deleted_at IS NULL
            RETURNING """
            + MENU,
            {
                "menu_id": menu_id,
                "sets_description": "description" in changes,
                "sets_image": "image_base64" in changes,
                **dict.fromkeys(COLUMNS),
                **changes,
            },
        )
        if document is None:
            raise MenuNotFound(menu_id=menu_id)
        return document

    def reorder(self, *, menu_ids: Sequence[int]) -> None:
        """Give a category's menus the order of `menu_ids`, which names each of them once.

        Raises MenuNotFound, SeveralCategories, MenusMissing if some are left out.
        The menus are locked in the order of their ids, so that two calls at once wait for each other and never
        deadlock. Then their category is locked: a menu that is being added to it comes before or after all of this.
        """
        row = self._connection.fetch_one(
            """
            SELECT FROM menus
             WHERE menu_id = ANY(%(menu_ids)s) AND deleted_at IS NULL
             ORDER BY menu_id
               FOR NO KEY UPDATE;

            SELECT FROM categories
             WHERE category_id = (SELECT min(category_id)
                                    FROM menus
                                   WHERE menu_id = ANY(%(menu_ids)s) AND deleted_at IS NULL)
               FOR NO KEY UPDATE;

            WITH sent AS (
                SELECT menu_id, position
                  FROM unnest(%(menu_ids)s) WITH ORDINALITY AS sent (menu_id, position)
            ), named AS (
                SELECT sent.menu_id, sent.position, menus.category_id
                  FROM sent
                  LEFT JOIN menus ON menus.menu_id = sent.menu_id AND menus.deleted_at IS NULL
            ), verdict AS (
                SELECT (SELECT min(menu_id) FROM named WHERE category_id IS NULL) AS unknown_menu_id,
                       (SELECT count(DISTINCT category_id) FROM named) AS category_count,
                       (SELECT count(*)
                          FROM menus
                         WHERE menus.category_id = (SELECT min(category_id) FROM named)
                           AND menus.deleted_at IS NULL) AS menu_count
            ), moved AS (
                UPDATE menus
                   SET display_order = named.position
                  FROM named, verdict
                 WHERE menus.menu_id = named.menu_id
                   AND verdict.unknown_menu_id IS NULL
                   AND verdict.category_count = 1
                   AND verdict.menu_count = %(count)s
            )
            SELECT unknown_menu_id, category_count, menu_count FROM verdict
            """,
            {"menu_ids": [*menu_ids], "count": len(menu_ids)},
        )
        unknown_menu_id, category_count, menu_count = row
        if unknown_menu_id is not None:
            raise MenuNotFound(menu_id=unknown_menu_id)
        if category_count > 1:
            raise SeveralCategories
        if menu_count != len(menu_ids):
            raise MenusMissing(menu_count=menu_count)

    def delete(self, *, menu_id: int) -> None:
        """Retire a menu. Raises MenuNotFound."""
        retired = self._connection.fetch_value(
            """
            UPDATE menus SET deleted_at = now()
             WHERE menu_id = %(menu_id)s AND deleted_at IS NULL
            RETURNING true
            """,
            {"menu_id": menu_id},
        )
        if not retired:
            raise MenuNotFound(menu_id=menu_id)

    def _read_catalog(
        self, statement: Statement, store_id: int, category_id: int | None, known_versions: Sequence[str]
    ) -> Catalog:
        row = self._connection.fetch_one(
            statement, {"store_id": store_id, "category_id": category_id, "known_versions": [*known_versions]}
        )
        version, category_known, document = row
        if not category_known:
            raise CategoryNotFound(category_id=category_id)
        return Catalog(version, document)
