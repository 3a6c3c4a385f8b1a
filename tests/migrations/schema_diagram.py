"""docs/schema.svg: the schema, drawn as it is in the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from html import escape

from psycopg2.extensions import connection as Connection

ROW, HEAD, GAP, WIDTH, BETWEEN, MARGIN = 18, 26, 22, 270, 110, 20  # pixels

COLUMNS = """
SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull,
       EXISTS (SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND contype = 'p' AND attnum = ANY (conkey))
  FROM pg_class
  JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND left(relname, 1) <> '_' AND relname <> 'yoyo_lock'
 ORDER BY relname, attnum
"""
REFERENCES = """
SELECT DISTINCT child.relname, parent.relname,
       (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[cardinality(conkey)])
  FROM pg_constraint
  JOIN pg_class AS child ON child.oid = conrelid
  JOIN pg_class AS parent ON parent.oid = confrelid
 WHERE contype = 'f' AND conrelid <> confrelid
 ORDER BY 1, 2, 3
"""


@dataclass
class Table:
    """A table, what it refers to (other table: its own column), and where it is drawn."""

    name: str
    columns: list[tuple[str, str, bool, bool]] = field(default_factory=list)  # name, type, not null, primary key
    references: dict[str, str] = field(default_factory=dict)
    level: int = 0
    x: int = 0
    y: int = 0

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.columns)

    def loose(self) -> set[str]:
        """The tables that it refers to by a column that may be empty."""
        may_be_empty = {name for name, _, is_needed, _ in self.columns if not is_needed}
        return {name for name, column in self.references.items() if column in may_be_empty}

    def row(self, column: str) -> int:
        """The height at which a line from this column begins."""
        names = [name for name, *_ in self.columns]
        return self.y + HEAD + ROW * names.index(column) + ROW // 2


def read_tables(connection: Connection) -> dict[str, Table]:
    """All tables of the schema, by name."""
    tables: dict[str, Table] = {}
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        for name, *column in cursor.fetchall():
            tables.setdefault(name, Table(name)).columns.append(tuple(column))
        cursor.execute(REFERENCES)
        for child, parent, column in cursor.fetchall():
            tables[child].references[parent] = column
    for table in tables.values():  # that a row belongs to a store is not drawn where it shows by another way
        if {"stores"} < table.references.keys() - table.loose():
            del table.references["stores"]
    return tables


def draw(tables: dict[str, Table]) -> str:
    """The SVG: what is referred to on the left, what refers to it on the right."""
    _place(tables)
    width = max(table.x for table in tables.values()) + WIDTH + MARGIN
    height = max(table.y + table.height for table in tables.values()) + MARGIN
    lines = [line for table in tables.values() for line in _lines(table, tables)]
    boxes = [line for table in tables.values() for line in _box(table)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
            ' font-family="sans-serif" font-size="12">',
            "<title>The tables of tableorder</title>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *lines,
            *boxes,
            "</svg>\n",
        ]
    )


def _place(tables: dict[str, Table]) -> None:
    """Each a column to the right of what it refers to; those that stand alone where there is room."""
    referred = {name for table in tables.values() for name in table.references}
    alone = [table for table in tables.values() if not table.references and table.name not in referred]
    bottoms: dict[int, int] = defaultdict(lambda: MARGIN)
    levels: dict[int, list[Table]] = defaultdict(list)
    for table in tables.values():
        if table not in alone:
            levels[_level(table, tables)].append(table)
    for level in sorted(levels):
        for table in sorted(levels[level], key=lambda table: (_anchor(table, tables), table.name)):
            _put(table, level, bottoms)
    for table in sorted(alone, key=lambda table: -table.height):
        _put(table, min(levels, key=lambda level: bottoms[level]), bottoms)


def _put(table: Table, level: int, bottoms: dict[int, int]) -> None:
    table.level, table.x, table.y = level, MARGIN + level * (WIDTH + BETWEEN), bottoms[level]
    bottoms[level] += table.height + GAP


def _level(table: Table, tables: dict[str, Table]) -> int:
    """How long the longest chain of references from here is, of those that must be there: they make no circle."""
    return max((1 + _level(tables[name], tables) for name in table.references.keys() - table.loose()), default=0)


def _anchor(table: Table, tables: dict[str, Table]) -> float:
    """Near the height of what it refers to, which is placed already, so that lines are short."""
    heights = [tables[name].y for name in table.references]
    return sum(heights) / len(heights) if heights else 0


def _lines(table: Table, tables: dict[str, Table]) -> list[str]:
    """A line from each column that refers to another table, which has the dot; dashed if it may be empty."""
    drawn = []
    for name, column in table.references.items():
        parent = tables[name]
        start, end = (table.x, table.row(column)), (parent.x + WIDTH, parent.y + HEAD // 2)
        if parent.level > table.level:
            start, end = (table.x + WIDTH, start[1]), (parent.x, end[1])
        between = [t for t in tables.values() if parent.level < t.level < table.level]
        path = _around(start, end, max(t.y + t.height for t in between) + GAP // 2) if between else _curve(start, end)
        dashes = ' stroke-dasharray="5 4"' if name in table.loose() else ""
        drawn.append(f'<path d="{path}" fill="none" stroke="#789" stroke-width="1.5"{dashes}/>')
        drawn.append(f'<circle cx="{end[0]}" cy="{end[1]}" r="3.5" fill="#789"/>')
    return drawn


def _curve(start: tuple[int, int], end: tuple[int, int]) -> str:
    middle = (start[0] + end[0]) // 2
    return f"M{start[0]} {start[1]} C{middle} {start[1]} {middle} {end[1]} {end[0]} {end[1]}"


def _around(start: tuple[int, int], end: tuple[int, int], below: int) -> str:
    """Below the boxes of the columns between."""
    return f"M{start[0]} {start[1]} H{start[0] - 24} V{below} H{end[0] + 24} V{end[1]} H{end[0]}"


def _box(table: Table) -> list[str]:
    box = [
        f'<rect x="{table.x}" y="{table.y}" width="{WIDTH}" height="{table.height}" rx="4" fill="#fff" stroke="#345"/>',
        f'<path d="M{table.x} {table.y + HEAD} h{WIDTH}" stroke="#345"/>',
        f'<text x="{table.x + 8}" y="{table.y + 18}" font-weight="bold" font-size="13">{escape(table.name)}</text>',
    ]
    for number, (name, kind, is_needed, is_key) in enumerate(table.columns):
        y = table.y + HEAD + ROW * number + 13
        style = ' text-decoration="underline"' if is_key else ""
        kind = kind.replace("timestamp with time zone", "timestamptz").replace("character varying", "varchar")
        box += [
            f'<text x="{table.x + 8}" y="{y}"{style}>{escape(name)}</text>',
            f'<text x="{table.x + WIDTH - 8}" y="{y}" text-anchor="end" fill="{"#345" if is_needed else "#999"}">'
            f"{escape(kind)}</text>",
        ]
    return box
