"""What the cases stand on: the two servers, the states they are put into, and measured processes."""
import atexit
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import redis

HERE = Path(__file__).parent
SCALE = float(os.environ.get("BENCH_SCALE", "1.0"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


@dataclass
class Took:
    """What one process took."""

    seconds: float
    peak_mib: float
    user: float
    system: float
    output: str

    @property
    def counts(self):
        return json.loads(self.output)["counts"]


def median(values):
    return statistics.median(list(values))


def alternate(rounds, first, second):
    """Runs A B A B …: whatever else the machine does meanwhile hits both. Returns two lists."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


class Stand:
    """Each measured run gets a fresh copy of a prepared database, so none inherits the dead tuples, the
    statistics or the ledger of the run before."""

    database = "oneshot_bench"

    def __init__(self, binaries):
        self.binaries = Path(binaries)
        self.redis_url = os.environ["REDIS_URL"]
        if not self.redis_url.startswith("unix://"):
            raise SystemExit("REDIS_URL has to be a private server's Unix socket: unix:///…")
        self.redis_socket = self.redis_url.removeprefix("unix://")
        self.redis = redis.Redis(unix_socket_path=self.redis_socket)
        if self.redis.dbsize() and not self.redis.exists("oneshot_bench:mine"):
            raise SystemExit("this Redis holds keys; the benchmark empties it, so it wants one of its own")
        # COPY reads and writes files as the server's user, so the folder is open to all.
        self.scratch = Path(tempfile.mkdtemp(prefix="oneshot-bench-"))
        self.scratch.chmod(0o777)
        atexit.register(shutil.rmtree, self.scratch, ignore_errors=True)
        self.admin = self.connect(os.environ["DATABASE_URL"])
        self.make_database(self.database, "template1")
        self.run("oneshot", "migrate")
        self.keep_as("empty")
        for program in ("measure", "cold_start", "bare_scan"):
            self.compile(program)

    def compile(self, program):
        subprocess.run(
            ["cc", "-O2", "-I/usr/include/postgresql", "-o", self.scratch / program, HERE / f"parts/{program}.c",
             "-lpq", "-lhiredis"], check=True)

    # Databases

    @property
    def database_url(self):
        return psycopg2.extensions.make_dsn(os.environ["DATABASE_URL"], dbname=self.database)

    @contextlib.contextmanager
    def connection(self):
        """A connection to the benchmark's database, each statement its own transaction."""
        connection = self.connect(self.database_url)
        try:
            yield connection
        finally:
            connection.close()

    def connect(self, url):
        connection = psycopg2.connect(url)
        connection.autocommit = True
        return connection

    def sql(self, connection, *statements):
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def make_database(self, name, template):
        self.sql(self.admin, f"drop database if exists {name} with (force)",
                 f"create database {name} template {template} strategy file_copy")

    def keep_as(self, state):
        """Keeps the database as it is now, to start other runs from."""
        self.make_database(f"{self.database}_{state}", self.database)

    def start_from(self, state):
        """Puts the database into a kept state, with nothing left to write for what was before."""
        self.make_database(self.database, f"{self.database}_{state}")
        self.sql(self.admin, "checkpoint")

    def remove(self):
        kept = [row[0] for row in self.sql(
            self.admin, f"select datname from pg_database where datname like '{self.database}%'")]
        for name in kept:
            self.sql(self.admin, f"drop database {name} with (force)")
        self.redis.flushall()

    # Processes

    def measure(self, *command, codes=(0,), errors=None, **settings):
        """Runs a program under measure.c, which see; it has to end with one of the codes."""
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url,
                       "JOB_LOG_LEVEL": "error", **settings}
        reader, writer = os.pipe()
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" "$@" 3>&{writer}', self.scratch / "measure", *command],
            env=environment, pass_fds=[writer], stdout=subprocess.PIPE, stderr=errors, text=True)
        os.close(writer)
        with os.fdopen(reader) as report:
            figures = report.read().split()
        if done.returncode not in codes:
            raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stdout}")
        seconds, peak, user, system = map(float, figures)
        return Took(seconds, peak / 1024, user, system, done.stdout)

    def run(self, name, *arguments):
        subprocess.run(
            [self.binaries / name, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url})

    def job(self, name, **settings):
        return self.measure(self.binaries / name, **settings)

    @contextlib.contextmanager
    def server_seconds(self, spent):
        """Appends to a list how much CPU Postgres used meanwhile: other programs of the machine change it little."""
        before = self.finished_seconds()
        yield
        spent.append(self.finished_seconds() - before)

    def finished_seconds(self):
        """CPU of all of Postgres' processes that have ended, once those that worked for us have."""
        postmaster = (Path(os.environ["ONESHOT_SERVERS"]) / "data/postmaster.pid").read_text().split()[0]

        def is_ours(process):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                title = Path(f"/proc/{process}/cmdline").read_bytes()
                # Without a title it is about to end, and not counted yet.
                return not title or self.database.encode() in title

        while any(map(is_ours, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())):
            time.sleep(0.01)
        fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def program(self, name, *arguments):
        return self.measure(self.scratch / name, *arguments)

    # Redis

    def fill_redis(self, commands):
        """Sends commands, each a tuple of words, as fast as redis-cli takes them."""
        pipe = subprocess.Popen(
            ["redis-cli", "-s", self.redis_socket, "--pipe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for words in commands:
            parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
            pipe.stdin.write(f"*{len(words)}\r\n{parts}".encode())
        said = pipe.communicate()[0].decode()
        if "errors: 0," not in said:
            raise SystemExit(f"redis-cli --pipe: {said}")

    def redis_seconds(self):
        """How much CPU Redis has used so far."""
        cpu = self.redis.info("cpu")
        return cpu["used_cpu_user"] + cpu["used_cpu_sys"]

    def empty_redis(self):
        self.redis.flushall()
        # Tells the next start that these keys are the benchmark's own.
        self.redis.set("oneshot_bench:mine", 1)
