"""Guessing passwords: how many guesses there are, and that strangers' do not lock a store's own tablets out."""

import functools
import secrets
import time

import pytest

from tests.api.client import TABLE_PASSWORD, Client, at_once, expect, refused


def move_clock(query, seconds, subjects):
    """As if so many seconds had passed since the failures of these subjects."""
    query(
        "UPDATE login_failures"
        "   SET failed_at = ARRAY(SELECT at - %s * interval '1 s' FROM unnest(failed_at) AS at ORDER BY at),"
        "       last_failed_at = last_failed_at - %s * interval '1 s'"
        " WHERE subject LIKE %s",
        seconds,
        seconds,
        subjects,
    )


@pytest.fixture
def shop(restaurant):
    """The restaurant, with two tables and somebody on its own wifi, from which a tablet has logged in once."""
    restaurant.add_table(1)
    restaurant.add_table(2)
    restaurant.wifi = Client(restaurant.base)
    expect(200, log_in(restaurant, restaurant.wifi, 2))
    return restaurant


def log_in(restaurant, client, table_number=1, password=TABLE_PASSWORD):
    body = {"store_id": restaurant.store_id, "table_number": table_number, "table_password": password}
    return client.post("/auth/table/login", body)


def guess(restaurant, table_number=1):
    """One wrong password from an address of its own."""
    return log_in(restaurant, Client(restaurant.base), table_number, secrets.token_hex(4))


def guess_admin(restaurant, client):
    return client.post("/auth/admin/login", {"username": restaurant.username, "password": secrets.token_hex(4)})


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
    query("UPDATE login_addresses SET last_login_at = now() - interval '31 days' WHERE store_id = %s", shop.store_id)
    refused(429, "too_many_failures", log_in(shop, shop.wifi))
    expect(200, log_in(shop, shop.wifi, 2))
    expect(200, log_in(shop, shop.wifi))
    known = query("SELECT address FROM login_addresses WHERE store_id = %s", shop.store_id)
    assert known == [(shop.wifi.address,)]  # those of long ago are gone


def test_many_addresses_have_ten_guesses_in_five_minutes_however_long_they_try(shop, query):
    guesses = []
    for _ in range(4):
        answers = at_once(*[functools.partial(guess, shop)] * 15)
        guesses.append([answer.status_code for answer in answers].count(401))
        move_clock(query, 301, f"table:{shop.store_id}:1")
    assert guesses == [10] * 4


def test_a_window_slides(shop, query):
    started = time.monotonic()
    for _ in range(5):
        guess(shop)
    move_clock(query, 200, f"table:{shop.store_id}:1")
    for _ in range(5):
        guess(shop)
    answer = guess(shop)
    refused(429, "too_many_failures", answer)
    taken = time.monotonic() - started
    assert 100 - taken <= int(answer.headers["Retry-After"]) <= 100  # until the first five have left it
    move_clock(query, 101, f"table:{shop.store_id}:1")
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
        move_clock(query, 301, "admin:nobody-%")
    statuses = [answer.status_code for answer in in_turn(attempts)]
    assert (statuses.count(401), statuses.count(429)) == (4, 8)
    move_clock(query, 301, f"address:{client.address}")
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
    query("DELETE FROM login_failures WHERE subject = %s", f"address:{counted.format(network)}")
    for address in addresses:
        client.address = address.format(network)
        refused(401, "credentials_invalid", client.post("/auth/admin/login", {"username": "nobody-6", "password": "x"}))
        query("DELETE FROM login_failures WHERE subject = 'admin:nobody-6'")
    counts = query(
        "SELECT cardinality(failed_at) FROM login_failures WHERE subject = %s", f"address:{counted.format(network)}"
    )
    assert counts == [(len(addresses),)]


@pytest.mark.parametrize("address", ["x" * 300, "", "unix:", "1.2.3.4.5"])
def test_what_is_no_address_is_counted_as_one_that_is_unknown(client, query, address):
    client.address = address
    subject = "address:unknown" if address else "address:127.0.0.1"
    query("DELETE FROM login_failures WHERE subject = %s", subject)
    body = {"username": f"nobody-{secrets.token_hex(8)}", "password": "x"}
    refused(401, "credentials_invalid", client.post("/auth/admin/login", body))
    assert query("SELECT cardinality(failed_at) FROM login_failures WHERE subject = %s", subject) == [(1,)]
