"""The runbook in docs/point-in-time-recovery.md, typed in as it stands, after the loss of a server under load."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
import pytest
import requests

from tableorder.database.migrations import apply_pending
from tableorder.domain.identities import AdminIdentity
from tableorder.http.tokens import issue_token
from tests.api.client import Tablet
from tests.api.server import JWT_SECRET_KEY, Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, Reader
from tests.database.embedded import memory
from tests.database.packaged import VERSIONS
from tests.documents import blocks
from tests.management.running import CHECKOUT
from tests.waiting import until

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("pgbackrest") is None, reason="needs pgbackrest (Debian's package)"),
    pytest.mark.skipif(not VERSIONS, reason="needs a packaged PostgreSQL"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as the runbook does"),
    pytest.mark.skipif(shutil.which("pg_createcluster") is None, reason="needs Debian's postgresql-common"),
]

LONGEST = 300  # seconds for a block of the runbook
RUNBOOK = (CHECKOUT / "docs" / "point-in-time-recovery.md").read_text()
SETTINGS = (CHECKOUT / "deploy" / "pgbackrest" / "postgresql.conf").read_text()
CONFIG = (CHECKOUT / "deploy" / "pgbackrest" / "pgbackrest.conf").read_text()
UNIT = (CHECKOUT / "deploy" / "systemd" / "tableorder-receivewal.service").read_text()
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


VERSION = int(VERSIONS[-1].parent.name) if VERSIONS else 0


def commands(heading: str) -> list[str]:
    """The blocks of shell under a heading of the runbook."""
    return list(blocks(RUNBOOK.split(heading + "\n")[1].split("\n## ")[0]))


class Cluster:
    """A cluster as Debian makes them, that archives its log as the runbook says, in folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data, self.streamed = folder / "data", folder / "streamed"
        folder.chmod(0o755)
        shutil.chown(folder, "postgres", "postgres")
        self.url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/bin",
            "PG_CLUSTER_CONF_ROOT": str(folder / "etc"),
            "PGVERSION": str(VERSION),
            "PGCLUSTER": "test",
            "PGDATA": str(self.data),
            "PGHOST": str(folder),
            "PGBACKREST_CONFIG": str(folder / "pgbackrest.conf"),
            "SETTINGS": str(folder / f"etc/{VERSION}/test/conf.d/archive.conf"),
            "STREAMED_WAL": str(self.streamed),
            "CHECKOUT": str(folder / "checkout"),
            "LANG": "C.UTF-8",
        }
        self._copy_checkout()
        self.shell(
            f"""install -d -o postgres -g postgres etc streamed
                pg_createcluster {VERSION} test --datadir={self.data} --socketdir={folder} --logfile={folder}/log \
                    --locale=C.UTF-8 --encoding=UTF8 --start-conf=manual --port=5432 -- --auth=trust
                echo "listen_addresses = ''" >etc/{VERSION}/test/conf.d/test.conf
                echo "PGBACKREST_CONFIG = '{folder}/pgbackrest.conf'" >>etc/{VERSION}/test/environment
                pg_ctlcluster {VERSION} test start"""
        )

    def _copy_checkout(self) -> None:
        """The runbook's files, with the folders of this test in them."""
        deploy = self.folder / "checkout" / "deploy" / "pgbackrest"
        deploy.mkdir(parents=True)
        (deploy / "postgresql.conf").write_text(SETTINGS)
        config = CONFIG.replace("/var/lib/pgbackrest", str(self.folder / "repository"))
        config = config.replace("/var/lib/postgresql/15/main", str(self.data))
        config = config.replace("/var/run/postgresql", str(self.folder))
        folders = f"log-path={self.folder}\nlock-path={self.folder}\nspool-path={self.folder}"
        (deploy / "pgbackrest.conf").write_text(config.replace("[global]", f"[global]\n{folders}"))

    def shell(self, script: str, **environment: str) -> None:
        """Run it as root, as long as it may take."""
        with (self.folder / "output").open("a+") as output:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=self.folder,
                env=self._environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=LONGEST,
            )
        assert done.returncode == 0, (self.folder / "output").read_text()

    def follow(self, heading: str, number: int, **environment: str) -> None:
        """Type in one block of the runbook."""
        self.shell(commands("# Point-in-time recovery")[0] + commands(heading)[number], **environment)

    def waits_for_the_receiver(self) -> bool:
        return run_sql(self.url, "SELECT sync_state FROM pg_stat_replication") == [("sync",)]

    def receive(self) -> subprocess.Popen[bytes]:
        """What tableorder-receivewal.service does."""
        command = re.search(r"^ExecStart=(.*)$", UNIT, re.M)[1].replace("/var/lib/tableorder-wal", str(self.streamed))
        environment = self._environment | dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT, re.M))
        program, *arguments = command.split()
        return subprocess.Popen([*AS_POSTGRES, str(VERSIONS[-1] / Path(program).name), *arguments], env=environment)

    def lose(self) -> None:
        """Kill every process of the server at once, and delete its data."""
        postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, 20)
        shutil.rmtree(self.data)

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.shell(f"pg_ctlcluster -m immediate {VERSION} test stop || true")


class Receiver:
    """The receiver, which can be stopped and started as systemd does."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._start = start
        self._process = start()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)

    def start(self) -> None:
        self._process = self._start()


def set_up(cluster: Cluster, *, streamed: bool = False) -> Receiver | None:
    """Follow the first section; the receiver, if there is to be one."""
    cluster.follow("## Set up", 0)
    cluster.follow("## Set up", 1)
    if not streamed:
        return None
    cluster.follow("## Set up", 2)
    receiver = Receiver(cluster.receive)
    cluster.follow("## Set up", 3)
    until(cluster.waits_for_the_receiver)
    return receiver


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="tableorder-test-", dir=memory()) as name:
        cluster = Cluster(Path(name))
        try:
            yield cluster
        finally:
            cluster.stop()


class Rush:
    """Tablets that order without pause through the real API; which orders were acknowledged, in order."""

    def __init__(self, cluster: Cluster) -> None:
        apply_pending(cluster.url)
        self.api = Server(cluster.url, cluster.folder / "api.log").wait_until_ready()
        restaurant = add_restaurant(self.api)
        self._menu_id = restaurant.add_menu()
        self.acknowledged: list[int] = []
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(3)
        tablets = []
        for number in range(1, 4):
            restaurant.add_table(number)
            tablets.append(restaurant.seat(number))
        self._tablets: list[Future[None]] = [self._pool.submit(self._order, tablet) for tablet in tablets]

    def _order(self, tablet: Tablet) -> None:
        while not self._stopped.is_set():
            try:
                answer = tablet.order((self._menu_id, 1))
            except requests.ConnectionError:
                return
            if answer.status_code == 201:
                self.acknowledged.append(answer.json()["order_id"])

    def let_pass(self, more: int = 50) -> None:
        enough = len(self.acknowledged) + more
        until(lambda: len(self.acknowledged) >= enough)

    def stop(self) -> None:
        self._stopped.set()
        self._pool.shutdown()
        self.api.stop()
        for tablet in self._tablets:
            tablet.result()


def orders_in(cluster: Cluster) -> set[int]:
    return {order_id for (order_id,) in run_sql(cluster.url, "SELECT order_id FROM orders")}


def archive_all(cluster: Cluster) -> None:
    """End the segment, and wait until it is in the archive."""
    with closing(psycopg2.connect(cluster.url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT pg_walfile_name(pg_switch_wal())")
        [segment] = cursor.fetchone()
        archived = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
        until(lambda: cursor.execute(archived, (segment,)) or cursor.fetchone()[0])


def test_every_order_before_the_last_archived_segment_comes_back(cluster):
    set_up(cluster)
    rush = Rush(cluster)
    rush.let_pass()
    before = list(rush.acknowledged)
    archive_all(cluster)
    rush.let_pass()
    cluster.lose()
    rush.stop()
    cluster.follow("## Recover to the latest", 0)
    cluster.follow("## Recover to the latest", 2)
    recovered = orders_in(cluster)
    assert set(before) <= recovered
    cluster.follow("## Recover to the latest", 3)
    cluster.follow("## Look after it", 0)


def test_with_the_streamed_archive_every_acknowledged_order_comes_back(cluster):
    """And the next ones are acknowledged as well: the receiver streams again."""
    receiver = set_up(cluster, streamed=True)
    try:
        rush = Rush(cluster)
        rush.let_pass(200)
        cluster.lose()
        rush.stop()
        receiver.stop()
        cluster.follow("## Recover to the latest", 0)
        cluster.follow("## Recover to the latest", 1)
        cluster.follow("## Recover to the latest", 2)
        assert len(rush.acknowledged) >= 200
        assert set(rush.acknowledged) <= orders_in(cluster)
        cluster.follow("## Start the receiver again", 0)
        receiver.start()
        until(cluster.waits_for_the_receiver)
        later = Rush(cluster)
        later.let_pass()
        later.stop()
        cluster.follow("## Recover to the latest", 3)
    finally:
        receiver.stop()


def test_without_the_receiver_commits_wait_until_one_goes_on_without_it(cluster):
    receiver = set_up(cluster, streamed=True)
    receiver.stop()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run_sql, cluster.url, "CREATE TABLE waits (a integer)")
        held = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        until(lambda: run_sql(cluster.url, held) == [(1,)])
        cluster.follow("## Look after it", 1)
        waiting.result(60)


@pytest.mark.parametrize("streamed", [False, True])
def test_back_to_a_time(cluster, streamed):
    receiver = set_up(cluster, streamed=streamed)
    rush = Rush(cluster)
    rush.let_pass()
    before = list(rush.acknowledged)
    [(moment,)] = run_sql(cluster.url, "SELECT clock_timestamp()::text")
    first_after = max(rush.acknowledged) + 20  # of those under way at that moment there were three at most
    rush.let_pass()
    rush.stop()
    [(store_id, seen)] = run_sql(cluster.url, "SELECT store_id, max(event_id) FROM events GROUP BY store_id")
    cluster.follow("## Recover to a time", 0, TARGET_TIME=moment)
    recovered = orders_in(cluster)
    assert set(before) <= recovered
    assert not [order_id for order_id in recovered if order_id >= first_after]
    cluster.follow("## Recover to a time", 1, PGDATABASE="postgres")  # also while there is no receiver
    if receiver:
        receiver.stop()
        cluster.follow("## Start the receiver again", 0)
        receiver.start()
        until(cluster.waits_for_the_receiver)
    events = "INSERT INTO events (store_id, event_type, event_data) SELECT %s, 'menu_changed', '{}'"
    run_sql(cluster.url, f"{events} FROM generate_series(1, %s)", store_id, seen)
    begins_anew(cluster, store_id, seen)
    if receiver:
        receiver.stop()


def begins_anew(cluster: Cluster, store_id: int, seen: int) -> None:
    """Fail unless a counter that has seen this event is told what there is now, and not what came after it."""
    stream = StreamServer(cluster.url, cluster.folder / "stream.log").wait_until_ready()
    try:
        token = issue_token(AdminIdentity(store_id, "admin"), JWT_SECRET_KEY)
        reader = Reader(stream.base, ADMIN_STREAM, token=token, last_event_id=seen)
        assert reader.wait_for(1)[0].type == "initial"
        reader.close()
    finally:
        stream.stop()
