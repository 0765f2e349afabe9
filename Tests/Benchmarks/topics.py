"""event-drain from Kafka against a consumer in Python, and against a consumer that subscribes. The broker is librdkafka's mock
cluster: what is measured is everything but a broker."""
import collections
import json
import os
import socket
import subprocess
import sys
import time
import uuid

import psycopg2.extras

import events
from stand import HERE, ROUNDS, SCALE, alternate, median

CASE = "event-drain-kafka"
ROOT = HERE.parent.parent
BINARY = ROOT / os.environ.get("BENCH_KAFKA", ".build/traits/release/event-drain")
EVENTS = int(100_000 * SCALE)
# The mock keeps 5 MB of a partition.
PARTITIONS = 10
TOPIC = "job-events"

sys.path += map(str, ROOT.glob(".build/python/lib/python3.*/site-packages"))


class Cluster:
    """Tests/Support/kafka.py as a process."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(["/usr/bin/python3", ROOT / "Tests/Support/kafka.py", str(self.port)])
        self.brokers = self.ask("addresses")

    def ask(self, *words):
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as connection, connection.makefile("rw") as lines:
                    lines.write(json.dumps(words) + "\n")
                    lines.flush()
                    answer = json.loads(lines.readline())
                if "error" in answer:
                    raise SystemExit(f"kafka.py: {words[0]}: {answer['error']}")
                return answer["value"]
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise SystemExit("kafka.py does not start")

    def fill(self, count):
        self.ask("create", TOPIC, PARTITIONS)
        for partition in range(PARTITIONS):
            numbers = range(partition, count, PARTITIONS)
            self.ask("produce", TOPIC, partition, [json.dumps({
                "id": f"e{n}", "type": "bench.counted", "campaign_id": f"c{n % events.CAMPAIGNS}", "data": {"n": n}})
                for n in numbers])

    def consumer(self, **more):
        from confluent_kafka import Consumer
        return Consumer({"bootstrap.servers": self.brokers, "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "enable.partition.eof": True, "log_level": 0, **more})


def run(stand, cluster):
    return stand.measure(BINARY, EVENTS_SOURCE="kafka", KAFKA_BROKERS=cluster.brokers, EVENTS_HANDLERS_DIR=events.handlers(stand),
                         EVENTS_TIME="1h", JOB_TIMEOUT="1h")


def ours(stand, cluster):
    events.fill(stand, 0)
    took = run(stand, cluster)
    assert took.counts["done"] == EVENTS == events.counted(stand), took.output
    return took


def theirs(stand, cluster, size=500):
    """Seconds of a consumer in Python to which partitions are assigned: the ids and the effect of so many events in a transaction,
    by the statements that bare parts of the stream's case are made of, then a commit of the offsets."""
    from confluent_kafka import TopicPartition
    events.fill(stand, 0)
    start = time.monotonic()
    consumer = cluster.consumer()
    consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in range(PARTITIONS)])
    ends = 0
    with stand.connection() as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            while ends < PARTITIONS:
                given = consumer.consume(size, 1)
                ends += sum(1 for message in given if message.error())
                read = [json.loads(message.value()) for message in given if not message.error()]
                if not read:
                    continue
                cursor.execute(events.CLAIM, ([event["id"] for event in read],))
                tally = collections.Counter(event["campaign_id"] for event in read)
                psycopg2.extras.execute_values(cursor, events.COUNT, sorted(tally.items()))
                connection.commit()
                consumer.commit(message=next(m for m in reversed(given) if not m.error()), asynchronous=True)
    took = time.monotonic() - start
    consumer.close()
    assert events.counted(stand) == EVENTS
    return took


def subscribed(cluster):
    """Seconds until a consumer that subscribes knows that nothing is left: its partitions are at their ends already."""
    start = time.monotonic()
    consumer = cluster.consumer(**{"auto.offset.reset": "latest"})
    consumer.subscribe([TOPIC])
    ends = 0
    while ends < PARTITIONS:
        message = consumer.poll(1)
        ends += message is not None and message.error() is not None
    took = time.monotonic() - start
    consumer.close()
    return took


def measure(stand, table):
    if not BINARY.exists():
        table.row("event-drain from Kafka", "not measured: the binary with the trait Kafka is not built")
        return
    cluster = Cluster()
    try:
        cluster.fill(EVENTS)
        a, b = alternate(ROUNDS, lambda: ours(stand, cluster), lambda: theirs(stand, cluster))
        table.compare(f"event-drain from Kafka, {EVENTS:,} events, {PARTITIONS} partitions", [took.seconds for took in a], b,
                      "confluent-kafka and psycopg2, ids and effect, 500 a transaction", 1.2)
        table.saw("event-drain from Kafka", a)
        # The last of the pair has read it with other means: once more, so that nothing is left.
        ours(stand, cluster)
        empty, first = alternate(min(ROUNDS, 5), lambda: run(stand, cluster), lambda: subscribed(cluster))
        table.compare(f"event-drain from Kafka, nothing to read, {PARTITIONS} partitions", [took.seconds for took in empty], first,
                      "a consumer that subscribes, until it knows", 0.1)
        assert all(took.counts["read"] == 0 for took in empty)
        assert median(took.counts["behind"] for took in empty) == 0
    finally:
        cluster.process.kill()
