"""The pool's contract: a working connection or an error, in time, whatever the server does; and exact books."""

from __future__ import annotations

import math
import multiprocessing
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg2
import pytest
from psycopg2 import extensions

from tableorder.database.deadlines import deadline
from tableorder.database.embedded import EmbeddedServer
from tableorder.database.pool import Pool, PoolSettings
from tableorder.domain.errors import DatabaseUnavailable, PoolExhausted
from tests.database.servers import Network, Server, free_port
from tests.waiting import assert_within, until

SLACK = 0.25  # seconds, the contract's
MakePool = Callable[..., Pool]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("pool"))
    run(running.url(), "CREATE ROLE tableorder")
    yield running
    running.close()


@pytest.fixture
def network(server: Server) -> Iterator[Network]:
    proxy = Network(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def make_pool(server: Server) -> Iterator[MakePool]:
    pools = []

    def make(url: str = server.url(), **settings: object) -> Pool:
        pools.append(Pool(PoolSettings(url, **{"timeout": 2.0, **settings})))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def run(url: str, statement: str) -> list[tuple]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def fetch(connection: extensions.connection, statement: str) -> object:
    with deadline(5), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def pid_of(pool: Pool) -> int:
    with pool.checkout() as connection:
        return fetch(connection, "SELECT pg_backend_pid()")


def kill(server: Server, *pids: int) -> None:
    """Terminate backends, and wait until they are gone."""
    run(server.url(), f"SELECT pg_terminate_backend(pid, 5000) FROM unnest(ARRAY{list(pids)}) AS pid")


def books(pool: Pool) -> tuple[int, int]:
    stats = pool.stats()
    return stats.checked_in, stats.checked_out


def seconds_until(error: type[Exception], pool: Pool) -> float:
    started = time.monotonic()
    with pytest.raises(error), pool.checkout():
        pytest.fail("there was a connection")
    return time.monotonic() - started


def test_nothing_is_opened_before_the_first_checkout_and_size_connections_are_kept(make_pool):
    pool = make_pool(size=2, max_overflow=2)
    assert (books(pool), pool.stats().connects) == ((0, 0), 0)
    with pool.checkout(), pool.checkout(), pool.checkout(), pool.checkout():
        stats = pool.stats()
        assert (stats.checked_in, stats.checked_out, stats.overflow) == (0, 4, 2)
    stats = pool.stats()
    assert (stats.checked_in, stats.checked_out, stats.overflow, stats.connects, stats.closed) == (2, 0, 0, 4, 2)


def test_a_connection_comes_in_autocommit_with_its_settings(make_pool):
    with make_pool(statement_timeout=1.5, lock_timeout=0.5).checkout() as connection:
        assert connection.autocommit
        settings = ("role", "statement_timeout", "lock_timeout", "TimeZone", "application_name")
        values = [fetch(connection, f"SELECT current_setting('{name}')") for name in settings]
        assert values == ["tableorder", "1500ms", "500ms", "Asia/Seoul", "tableorder"]


def test_without_session_state_a_connection_is_left_as_it_is(make_pool):
    with make_pool(session_state=False).checkout() as connection:
        assert fetch(connection, "SELECT current_setting('role')") == "none"


def test_two_backends_that_die_in_a_transaction_cost_no_slot(make_pool, server):
    """psycopg2's putconn rolls back on the dead connection, raises, and the slot is lost."""
    pool = make_pool(size=2, max_overflow=0)
    for _ in range(5):
        with pytest.raises(psycopg2.Error), pool.checkout() as one, pool.checkout() as two:
            pids = [fetch(connection, "BEGIN; SELECT pg_backend_pid()") for connection in (one, two)]
            kill(server, *pids)
            fetch(one, "SELECT 1")
    assert books(pool)[1] == 0
    with pool.checkout() as one, pool.checkout() as two:
        assert fetch(one, "SELECT 1") == fetch(two, "SELECT 1") == 1


def test_connecting_slowly_keeps_nobody_from_giving_back(make_pool, server, network):
    """psycopg2's pool connects while it holds its lock."""

    def seconds_to_the_next_checkout() -> float:
        pool = make_pool(server.url(network.port), size=2, max_overflow=2, connect_timeout=1.5)
        slow = threading.Thread(target=seconds_until, args=(DatabaseUnavailable, pool))
        with ExitStack() as held:
            held.enter_context(pool.checkout())
            before = network.connections
            with network.cut():
                slow.start()
                until(lambda: network.connections > before)
                started = time.monotonic()
                held.close()
                with pool.checkout():
                    taken = time.monotonic() - started if slow.is_alive() else math.inf
                slow.join()
        assert books(pool) == (1, 0)
        return taken

    assert_within(0.5, seconds_to_the_next_checkout)


def test_who_waits_is_served_in_order_of_arrival_and_nobody_barges_in(make_pool):
    pool = make_pool(size=1, max_overflow=0, timeout=30)
    served: list[int] = []

    def wait(number: int) -> None:
        with pool.checkout():
            served.append(number)

    with pool.checkout():
        threads = []
        for number in range(8):
            threads.append(threading.Thread(target=wait, args=(number,)))
            threads[-1].start()
            until(lambda number=number: pool.stats().waiting == number + 1)
    for _ in range(20):
        with pool.checkout():
            served.append(-1)
    for thread in threads:
        thread.join()
    assert [number for number in served if number >= 0] == list(range(8))
    assert served[:8] == list(range(8))


def test_an_exhausted_pool_says_so_in_time_and_is_not_called_away(make_pool):
    def seconds_to_the_refusal() -> float:
        pool = make_pool(size=1, max_overflow=1, timeout=0.5)
        with pool.checkout(), pool.checkout():
            taken = seconds_until(PoolExhausted, pool)
        stats = pool.stats()
        assert (stats.timeouts, stats.waiting, stats.checked_out) == (1, 0, 0)
        assert pid_of(pool) and taken >= 0.5
        return taken

    assert_within(0.5 + SLACK, seconds_to_the_refusal)


def test_a_connection_that_died_while_idle_is_replaced(make_pool, server):
    pool = make_pool()
    first = pid_of(pool)
    kill(server, first)
    assert pid_of(pool) not in (None, first)
    assert books(pool) == (1, 0)


def test_without_pre_ping_the_statement_finds_out(make_pool, server):
    pool = make_pool(pre_ping=False)
    kill(server, pid_of(pool))
    with pytest.raises(psycopg2.OperationalError), pool.checkout() as connection:
        fetch(connection, "SELECT 1")
    assert pid_of(pool)


def test_a_look_at_an_idle_connection_is_no_query(make_pool, server):
    pool = make_pool(ping_after=60)
    pid = pid_of(pool)
    activity = f"SELECT query FROM pg_stat_activity WHERE pid = {pid}"
    with pool.checkout() as connection:
        fetch(connection, "SELECT 42")
    with pool.checkout():
        pass
    assert run(server.url(), activity) == [("SELECT 42",)]


def test_a_restarted_server_costs_no_request_that_comes_after(make_pool, server):
    pool = make_pool(size=3)
    with pool.checkout(), pool.checkout(), pool.checkout():
        pass
    server.stop()
    assert seconds_until(DatabaseUnavailable, pool) < 2 + SLACK
    server.start()
    for _ in range(5):
        assert pid_of(pool)
    assert books(pool)[1] == 0


def test_a_server_that_refuses_is_away_at_once(make_pool):
    pool = make_pool(f"postgresql://postgres@127.0.0.1:{free_port()}/postgres")
    assert_within(1, lambda: seconds_until(DatabaseUnavailable, pool))
    assert books(pool) == (0, 0)


def test_a_frozen_server_is_noticed_in_time(make_pool, server):
    def longest_of_three() -> float:
        pool = make_pool(size=4, ping_after=0, timeout=1.5)
        with pool.checkout(), pool.checkout(), pool.checkout(), pool.checkout():
            pass
        with server.frozen():
            taken = [seconds_until(DatabaseUnavailable, pool) for _ in range(3)]
        assert pid_of(pool)
        return max(taken)

    assert_within(1.5 + SLACK, longest_of_three)


def test_a_black_hole_is_noticed_in_time(make_pool, server, network):
    def longest_of_three() -> float:
        pool = make_pool(server.url(network.port), size=4, ping_after=0, timeout=1.5)
        with pool.checkout(), pool.checkout(), pool.checkout(), pool.checkout():
            pass
        with network.cut():
            taken = [seconds_until(DatabaseUnavailable, pool) for _ in range(3)]
        assert pid_of(pool)
        assert books(pool)[1] == 0
        return max(taken)

    assert_within(1.5 + SLACK, longest_of_three)


def test_a_statement_on_a_server_that_freezes_ends_at_its_deadline(make_pool, server):
    def seconds_to_the_end() -> float:
        pool = make_pool()
        with pytest.raises(psycopg2.OperationalError), pool.checkout() as connection, server.frozen():
            started = time.monotonic()
            with deadline(0.5), connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        taken = time.monotonic() - started
        assert pid_of(pool)
        assert books(pool) == (1, 0)
        return taken

    assert_within(2, seconds_to_the_end)


def test_of_nested_deadlines_the_earlier_counts(make_pool):
    def seconds_to_the_end() -> float:
        with make_pool().checkout() as connection:
            started = time.monotonic()
            with pytest.raises(psycopg2.OperationalError), deadline(0.2), deadline(5), connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(5)")
            return time.monotonic() - started

    assert_within(1, seconds_to_the_end)


def test_many_checkouts_during_an_outage_are_all_in_time(make_pool, server, network):
    def longest_of_all() -> float:
        pool = make_pool(server.url(network.port), size=2, max_overflow=2, ping_after=0, timeout=1.0)
        with pool.checkout(), pool.checkout():
            pass

        def attempt(_: int) -> float:
            started = time.monotonic()
            with pytest.raises((DatabaseUnavailable, PoolExhausted)), pool.checkout():
                pytest.fail("there was a connection")
            return time.monotonic() - started

        with network.cut(), ThreadPoolExecutor(16) as threads:
            taken = list(threads.map(attempt, range(32)))
        assert pid_of(pool)
        assert books(pool)[1] == 0
        return max(taken)

    assert_within(1.0 + SLACK, longest_of_all)


def test_a_standby_is_not_healthy(make_pool, server, tmp_path):
    """SELECT 1 succeeds on it; writing would not."""
    run(server.url(), "CHECKPOINT")
    server.stop("fast")
    standby = EmbeddedServer(tmp_path)
    tmp_path.chmod(0o755)
    shutil.copytree(server.embedded.data, standby.data, symlinks=True)
    server.start()
    (standby.data / "standby.signal").touch()
    for path in [standby.data, *standby.data.rglob("*")]:
        original = server.embedded.data / path.relative_to(standby.data)
        owner = (original if original.exists() else server.embedded.data).stat()
        path.chmod(0o700 if path.is_dir() else 0o600)
        shutil.chown(path, owner.st_uid, owner.st_gid)
    port = free_port()
    standby.start([f"port={port}", "listen_addresses=127.0.0.1", "hot_standby=on"])
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        assert run(url, "SELECT pg_is_in_recovery()") == [(True,)]
        assert_within(1, lambda: seconds_until(DatabaseUnavailable, make_pool(url)))
        both = f"postgresql://postgres@127.0.0.1:{port},127.0.0.1:{server.port}/postgres"
        with make_pool(both).checkout() as connection:
            assert fetch(connection, "SELECT pg_is_in_recovery()") is False
    finally:
        standby.release()


def test_a_silent_server_that_is_named_first_does_not_hide_the_next(make_pool, server, network):
    """As of a host that has lost its power: nothing refuses, nothing answers. Once found, the other comes first."""
    both = f"postgresql://postgres@127.0.0.1:{network.port},127.0.0.1:{server.port}/postgres"
    pool = make_pool(both, connect_timeout=1.0)
    with network.cut():
        with pool.checkout() as connection:
            assert (connection.info.port, network.connections) == (server.port, 1)
            with pool.checkout() as another:
                assert (another.info.port, network.connections) == (server.port, 1)
        silent = both.replace(str(server.port), str(network.port))
        assert seconds_until(DatabaseUnavailable, make_pool(silent, connect_timeout=1.0)) < 1 + SLACK


def test_connections_are_made_anew_when_due_and_not_all_at_once(make_pool):
    pool = make_pool(size=5, recycle=3600)
    with pool.checkout() as a, pool.checkout() as b, pool.checkout() as c, pool.checkout() as d:
        now = time.monotonic()
        lives = sorted(connection.expires - now for connection in (a, b, c, d))
        assert 0.79 * 3600 < lives[0] < lives[-1] <= 3600
        assert lives[-1] - lives[0] > 1
    pid = pid_of(pool)
    with pool.checkout() as connection:
        connection.expires = time.monotonic()
    assert pid_of(pool) != pid


def test_an_exception_in_the_body_gives_the_connection_back_clean(make_pool):
    pool = make_pool(size=1, max_overflow=0)
    with pytest.raises(ZeroDivisionError), pool.checkout() as connection:
        fetch(connection, "BEGIN; CREATE TEMP TABLE leftover (n int); SELECT 1")
        raise ZeroDivisionError
    with pool.checkout() as connection:
        assert connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
        assert fetch(connection, "SELECT to_regclass('leftover') IS NULL")
    assert (books(pool), pool.stats().connects) == ((1, 0), 1)


def test_a_failed_transaction_and_a_changed_mode_are_gone_at_the_next_checkout(make_pool):
    pool = make_pool(size=1, max_overflow=0)
    with pool.checkout() as connection:
        connection.autocommit = False
        with pytest.raises(psycopg2.Error):
            fetch(connection, "SELECT 1 / 0")
    with pool.checkout() as connection:
        assert connection.autocommit
        assert fetch(connection, "SELECT 1") == 1
    with pool.checkout() as connection:
        fetch(connection, "SELECT set_config('app.store_id', '7', true)")
    with pool.checkout() as connection:
        assert fetch(connection, "SELECT current_setting('app.store_id', true)") in (None, "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_gives_its_connection_back(make_pool):
    pool = make_pool(size=1, max_overflow=0)

    def die() -> None:
        with pool.checkout():
            raise SystemExit

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    assert books(pool) == (1, 0)


def _look(pool: Pool, answer) -> None:
    before = books(pool)
    answer.send((before, pid_of(pool), pid_of(pool)))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_of_a_fork_shares_no_connection(make_pool):
    pool = make_pool(size=2)
    with pool.checkout() as connection:
        pid = fetch(connection, "SELECT pg_backend_pid()")
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=_look, args=(pool, theirs))
        child.start()
        before, first, second = ours.recv()
        child.join()
        assert child.exitcode == 0
        assert before == (0, 0)
        assert first == second != pid
        assert fetch(connection, "SELECT pg_backend_pid()") == pid
    assert pid_of(pool) == pid
    assert books(pool) == (1, 0)


def test_a_closed_pool_hands_out_nothing_and_keeps_nothing(make_pool, server):
    pool = make_pool()
    with pool.checkout() as one:
        pid = fetch(one, "SELECT pg_backend_pid()")
        with pool.checkout():
            pass
        pool.close()
        assert books(pool) == (0, 1)
    assert books(pool) == (0, 0)
    seconds_until(DatabaseUnavailable, pool)
    until(lambda: run(server.url(), f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == [(0,)])


def test_after_ten_thousand_failures_of_every_kind_the_books_are_exact(make_pool, server):
    pool = make_pool(size=4, max_overflow=4, timeout=20)
    pool.stats()

    def close(connection):
        connection.close()

    def leave_open(connection):
        fetch(connection, "BEGIN; SELECT 1")

    def fail(connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing")

    def fail_in_transaction(connection):
        connection.autocommit = False
        fail(connection)

    def die(connection):
        fetch(connection, "SELECT pg_terminate_backend(pg_backend_pid())")

    def die_in_transaction(connection):
        fetch(connection, "BEGIN; SELECT pg_terminate_backend(pg_backend_pid())")

    def raise_(connection):
        raise ZeroDivisionError

    def be_late(connection):
        with deadline(0), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1)")

    # Those that cost a new connection are one in ten, some hundreds of each all the same.
    faults = [leave_open, fail, fail_in_transaction, raise_] * 9 + [close, die, die_in_transaction, be_late]

    def work(seed: int) -> int:
        chance, count = random.Random(seed), 0
        for _ in range(1250):
            try:
                with pool.checkout() as connection:
                    chance.choice(faults)(connection)
            except (psycopg2.Error, ZeroDivisionError):
                pass
            count += 1
        return count

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(8))) == 10_000
    stats = pool.stats()
    assert stats.checked_out == 0
    assert stats.waiting == 0
    assert stats.connects - stats.closed == stats.checked_in <= 4
    with ThreadPoolExecutor(8) as threads:
        barrier = threading.Barrier(8, timeout=20)
        assert len(set(threads.map(lambda _: pid_at(pool, barrier), range(8)))) == 8
    assert pool.stats().checked_in == 4


def pid_at(pool: Pool, barrier: threading.Barrier) -> int:
    """A backend's id, while all who meet at the barrier hold one of their own."""
    with pool.checkout() as connection:
        barrier.wait()
        return fetch(connection, "SELECT pg_backend_pid()")


def test_the_figures_are_those_of_the_server_under_load(make_pool, server):
    url = server.url() + "?application_name=figures"
    pool = make_pool(url, size=3, max_overflow=3)
    stop = threading.Event()

    def work(_: int) -> None:
        while not stop.is_set():
            with pool.checkout() as connection:
                fetch(connection, "SELECT 1")

    with ThreadPoolExecutor(12) as threads:
        futures = [threads.submit(work, n) for n in range(12)]
        for _ in range(300):
            stats = pool.stats()
            assert 0 <= stats.checked_out <= 6
            assert 0 <= stats.checked_in <= 3
            assert stats.overflow == max(0, stats.checked_in + stats.checked_out - 3)
        stop.set()
        for future in futures:
            future.result()
    assert books(pool) == (3, 0)
    owned = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tableorder'"
    until(lambda: run(server.url(), owned)[0][0] == 3)
