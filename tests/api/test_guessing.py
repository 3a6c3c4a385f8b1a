"""Guessing passwords: how many guesses there are, and that strangers' do not lock a store's own tablets out."""

import functools
import secrets
import time

import pytest

from tests.api.client import TABLE_PASSWORD, Client, at_once, expect, refused


def move_clock(query, seconds, kind, account_id=None):
    """As if so many seconds had passed since the failures of an account, or of all accounts of a kind."""
    query(
        "UPDATE failed_logins"
        "   SET failed_at = ARRAY(SELECT at - %s * interval '1 s' FROM unnest(failed_at) AS at ORDER BY at),"
        "       last_failed_at = last_failed_at - %s * interval '1 s'"
        " WHERE kind = %s AND (account_id = %s OR %s IS NULL)",
        seconds,
        seconds,
        kind,
        account_id,
        account_id,
    )


@pytest.fixture
def shop(restaurant):
    """The restaurant, with two tables and its own wifi, from which both tablets and the admin have logged in once."""
    restaurant.tables = [restaurant.add_table(1), restaurant.add_table(2)]
    restaurant.wifi = Client(restaurant.base)
    expect(200, log_in(restaurant, restaurant.wifi, 1))
    expect(200, log_in(restaurant, restaurant.wifi, 2))
    expect(200, log_in_admin(restaurant, restaurant.wifi))
    return restaurant


def log_in(restaurant, client, table_number=1, password=TABLE_PASSWORD):
    body = {"store_id": restaurant.store_id, "table_number": table_number, "table_password": password}
    return client.post("/auth/table/login", body)


def log_in_admin(restaurant, client):
    return client.post("/auth/admin/login", {"username": restaurant.username, "password": restaurant.password})


def guess(restaurant, table_number=1):
    """One wrong password from an address of its own."""
    return log_in(restaurant, Client(restaurant.base), table_number, secrets.token_hex(4))


def guess_admin(restaurant, client, username=None):
    body = {"username": username or restaurant.username, "password": secrets.token_hex(4)}
    return client.post("/auth/admin/login", body)


def test_strangers_do_not_lock_out_the_stores_own_tablets(shop):
    statuses = [answer.status_code for answer in at_once(*[functools.partial(guess, shop)] * 20)]
    assert (statuses.count(401), statuses.count(429)) == (10, 10)
    refused(429, "too_many_failures", log_in(shop, Client(shop.base)))
    expect(200, log_in(shop, shop.wifi))
    refused(429, "too_many_failures", guess(shop))  # that success did not give the strangers new guesses


def test_strangers_do_not_lock_out_the_counter(shop):
    statuses = [guess_admin(shop, Client(shop.base)).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    body = {"username": shop.username, "password": shop.password}
    refused(429, "too_many_failures", Client(shop.base).post("/auth/admin/login", body))
    expect(200, shop.wifi.post("/auth/admin/login", body))


def test_guesses_from_the_stores_own_address_are_counted_too(shop):
    statuses = [log_in(shop, shop.wifi, password="wrong").status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    refused(429, "too_many_failures", log_in(shop, shop.wifi))
    expect(200, log_in(shop, shop.wifi, 2))
    expect(200, log_in(shop, Client(shop.base)))  # their failures are nobody else's


def test_an_address_is_familiar_to_its_own_store_only(shop, open_restaurant):
    other = open_restaurant()
    other.add_table(1)
    for _ in range(10):
        guess(other)
    refused(429, "too_many_failures", log_in(other, shop.wifi))


def test_an_address_is_forgotten_after_a_month_without_a_login(shop, query):
    for _ in range(10):
        guess(shop)
    expect(200, log_in(shop, shop.wifi))
    query(
        "UPDATE familiar_addresses SET last_login_at = now() - interval '31 days' WHERE address = %s", shop.wifi.address
    )
    refused(429, "too_many_failures", log_in(shop, shop.wifi))
    expect(200, log_in(shop, shop.wifi, 2))


def test_many_addresses_have_ten_guesses_in_five_minutes_however_long_they_try(shop, query):
    guesses = []
    for _ in range(4):
        answers = at_once(*[functools.partial(guess, shop)] * 15)
        guesses.append([answer.status_code for answer in answers].count(401))
        move_clock(query, 301, "table", shop.tables[0])
    assert guesses == [10] * 4


def test_a_window_slides(shop, query):
    started = time.monotonic()
    for _ in range(5):
        guess(shop)
    move_clock(query, 200, "table", shop.tables[0])
    for _ in range(5):
        guess(shop)
    answer = guess(shop)
    refused(429, "too_many_failures", answer)
    taken = time.monotonic() - started
    assert 100 - taken <= int(answer.headers["Retry-After"]) <= 100  # until the first five have left it
    move_clock(query, 101, "table", shop.tables[0])
    assert [guess(shop).status_code for _ in range(6)] == [401] * 5 + [429]


def in_turn(attempts):
    return [attempt() for attempt in attempts]


def test_one_address_has_a_hundred_guesses_on_all_accounts_together(client, query):
    attempts = [
        functools.partial(
            client.post, "/auth/admin/login", {"username": f"nobody-{secrets.token_hex(8)}", "password": "x"}
        )
        for _ in range(12)
    ]
    for _ in range(8):
        assert {answer.status_code for answer in in_turn(attempts)} == {401}
        move_clock(query, 301, "unknown")
    statuses = [answer.status_code for answer in in_turn(attempts)]
    assert (statuses.count(401), statuses.count(429)) == (4, 8)
    move_clock(query, 301, "address")
    assert {answer.status_code for answer in in_turn(attempts)} == {401}


@pytest.mark.parametrize(
    ("addresses", "counted"),
    [
        (["2001:db8:7:{}::1", "2001:db8:7:{}::2", "2001:db8:7:{}:ffff:1:2:3"], "2001:db8:7:{}::/64"),
        (["::ffff:198.51.100.7", "198.51.100.7"], "198.51.100.7"),
    ],
)
def test_the_addresses_of_one_customer_are_one(client, query, addresses, counted):
    network = f"{secrets.randbelow(2**16 - 1) + 1:x}"
    query("DELETE FROM failed_logins WHERE kind = 'address' AND address = %s", counted.format(network))
    for address in addresses:
        client.address = address.format(network)
        body = {"username": f"nobody-{secrets.token_hex(8)}", "password": "x"}
        refused(401, "credentials_invalid", client.post("/auth/admin/login", body))
    assert failures_of(query, counted.format(network)) == len(addresses)


def failures_of(query, address):
    """How many are counted for an address."""
    counts = query("SELECT cardinality(failed_at) FROM failed_logins WHERE kind = 'address' AND address = %s", address)
    return sum(count for (count,) in counts)


@pytest.mark.parametrize("address", ["x" * 300, "", "unix:", "1.2.3.4.5"])
def test_what_is_no_address_is_counted_as_one_that_is_unknown(client, query, address):
    client.address = address
    counted = "unknown" if address else "127.0.0.1"
    query("DELETE FROM failed_logins WHERE kind = 'address' AND address = %s", counted)
    body = {"username": f"nobody-{secrets.token_hex(8)}", "password": "x"}
    refused(401, "credentials_invalid", client.post("/auth/admin/login", body))
    assert failures_of(query, counted) == 1


# What a client sends is no part of whose failures are counted


def test_a_username_that_looks_like_a_count_of_another_one_is_not_counted_for_that(shop):
    """The right password from the admin's own address is let in, whatever names were tried from elsewhere."""
    stranger = Client(shop.base)
    for name in (f"{shop.username}@{shop.wifi.address}"[:50], f"admin:{shop.username}"[:50], f"admin {shop.username}"):
        for _ in range(10):
            refused(401, "credentials_invalid", guess_admin(shop, stranger, name[:50]))
    expect(200, log_in_admin(shop, shop.wifi))
    expect(200, log_in_admin(shop, Client(shop.base)))


def test_an_address_becomes_familiar_to_the_account_that_logs_in_and_to_no_other(shop):
    """A tablet's password gives no guesses of the admin's: all addresses without a login of the admin share ten."""
    tablets = [Client(shop.base) for _ in range(4)]
    for tablet in tablets:
        expect(200, log_in(shop, tablet))
    statuses = [guess_admin(shop, tablet).status_code for _ in range(10) for tablet in tablets]
    assert (statuses.count(401), statuses.count(429)) == (10, 30)
    refused(429, "too_many_failures", log_in_admin(shop, tablets[0]))
    expect(200, log_in_admin(shop, shop.wifi))


def test_all_familiar_addresses_together_have_a_bound(shop):
    """After twenty guesses from two of them, a third one waits, too, though it has not failed."""
    homes = [Client(shop.base) for _ in range(4)]
    for home in homes:
        expect(200, log_in_admin(shop, home))
    for home in homes[:2]:
        for _ in range(10):
            guess_admin(shop, home)
    refused(429, "too_many_failures", log_in_admin(shop, homes[2]))
    expect(200, log_in_admin(shop, Client(shop.base)))  # strangers have their own


def test_an_account_has_twenty_familiar_addresses_those_of_its_latest_logins(shop, query):
    homes = [Client(shop.base) for _ in range(22)]
    for home in homes:
        expect(200, log_in_admin(shop, home))
    known = query("SELECT address FROM familiar_addresses WHERE kind = 'admin' AND account_id = %s", shop.store_id)
    assert {address for (address,) in known} == {home.address for home in homes[2:]}


def answers_of(restaurant, username, attempts):
    """What each attempt is answered with, from its client."""
    return [guess_admin(restaurant, client, username).status_code for client in attempts]


@pytest.mark.parametrize("familiar", ["the admin's", "a tablet's", "nobody's"])
@pytest.mark.parametrize("first", ["outside", "inside"])
def test_no_order_of_guesses_tells_an_account_from_an_unknown_name(shop, first, familiar):
    """From outside and from an address that a login has made familiar, in turn: the statuses are the same."""
    wifi = {"the admin's": shop.wifi, "a tablet's": Client(shop.base), "nobody's": Client(shop.base)}[familiar]
    if familiar == "a tablet's":
        expect(200, log_in(shop, wifi))
    outside = [Client(shop.base) for _ in range(11)]
    halves = [outside, [wifi] * 11] if first == "outside" else [[wifi] * 11, outside]
    attempts = [*halves[0], *halves[1], wifi, Client(shop.base)]
    existing = answers_of(shop, shop.username, attempts)
    unknown = answers_of(shop, f"nobody-{secrets.token_hex(8)}", attempts)
    assert existing == unknown
    assert set(existing) == {401, 429}


def test_logins_and_guesses_at_the_same_time_get_on(shop, query):
    """Of several accounts, from addresses that they know and that they do not, while old counts are removed."""
    homes = [Client(shop.base) for _ in range(3)]
    for home in homes:
        expect(200, log_in(shop, home))
        expect(200, log_in(shop, home, 2))
    calls = [functools.partial(guess, shop, number) for number in (1, 2)] * 3
    calls += [functools.partial(log_in, shop, home, number) for home in homes for number in (1, 2)] * 2
    calls += [functools.partial(log_in, shop, home, number, "wrong") for home in homes for number in (1, 2)]
    pruned = ("SELECT prune_failed_logins(300, 100)", "SELECT prune_familiar_addresses(100)")
    housekeeping = [functools.partial(query, statement) for statement in pruned]
    statuses = set()
    for _ in range(5):
        statuses |= {answer.status_code for answer in at_once(*calls, *housekeeping)[: len(calls)]}
        for kind in ("table", "address", "unknown"):
            move_clock(query, 301, kind)
        old = "UPDATE familiar_addresses SET last_login_at = now() - interval '31 days' WHERE account_id = ANY(%s)"
        query(old, shop.tables)
    assert statuses == {200, 401}  # none was given up for another
