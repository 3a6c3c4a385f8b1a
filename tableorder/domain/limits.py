"""How far numbers go."""

MAX_INTEGER = 2**31 - 1  # PostgreSQL's integer, which ids, prices, quantities and totals are kept in
