"""What tests do to a Kafka: commands on a port of this machine, one a connection, a line of JSON each, answered by one.

    kafka.py PORT [BROKERS]

Without brokers it runs a cluster of its own, librdkafka's mock one: two brokers that speak Kafka's protocol, in this process.
KAFKA_LIBRARY names the librdkafka to use.
"""
import base64
import ctypes
import json
import os
import socket
import sys
import time

lib = ctypes.CDLL(os.environ.get("KAFKA_LIBRARY", "librdkafka.so.1"))
for name, result in {"conf_new": ctypes.c_void_p, "new": ctypes.c_void_p, "topic_new": ctypes.c_void_p, "err2str": ctypes.c_char_p,
                     "mock_cluster_new": ctypes.c_void_p, "mock_cluster_bootstraps": ctypes.c_char_p, "NewTopic_new": ctypes.c_void_p,
                     "queue_new": ctypes.c_void_p, "queue_poll": ctypes.c_void_p, "version_str": ctypes.c_char_p,
                     "topic_partition_list_new": ctypes.c_void_p, "topic_partition_list_add": ctypes.c_void_p}.items():
    getattr(lib, "rd_kafka_" + name).restype = result
pointer, text = ctypes.c_void_p, ctypes.create_string_buffer(512)


def client(kind, brokers=None, **settings):
    conf = pointer(lib.rd_kafka_conf_new())
    settings |= {"log_level": "0"} | ({"bootstrap.servers": brokers} if brokers else {})
    for name, value in settings.items():
        if lib.rd_kafka_conf_set(conf, name.replace("_", ".").encode() if name != "log_level" else b"log_level", value.encode(), text, 512):
            raise ValueError(text.value)
    return pointer(lib.rd_kafka_new(kind, conf, text, 512)) or sys.exit(text.value)


def fail_on(code):
    if code:
        raise ValueError(lib.rd_kafka_err2str(code).decode())


class Kafka:
    def __init__(self, brokers):
        self.mock = None
        if not brokers:
            self.host = client(0)
            self.mock = pointer(lib.rd_kafka_mock_cluster_new(self.host, 2))
            brokers = lib.rd_kafka_mock_cluster_bootstraps(self.mock).decode()
        self.brokers = brokers
        self.topics = {}
        self.producer = client(0, brokers, linger_ms="5", message_timeout_ms="20000")

    def addresses(self):
        return self.brokers

    def create(self, topic, partitions):
        if self.mock:
            fail_on(lib.rd_kafka_mock_topic_create(self.mock, topic.encode(), partitions, 1))
            # Each broker leads half of them.
            for partition in range(partitions):
                fail_on(lib.rd_kafka_mock_partition_set_leader(self.mock, topic.encode(), partition, partition % 2 + 1))
            return
        new = pointer(lib.rd_kafka_NewTopic_new(topic.encode(), partitions, 1, text, 512))
        queue = pointer(lib.rd_kafka_queue_new(self.producer))
        lib.rd_kafka_CreateTopics(self.producer, ctypes.byref(new), ctypes.c_size_t(1), None, queue)
        if not lib.rd_kafka_queue_poll(queue, 10_000):
            raise ValueError("no answer to CreateTopics")

    def produce(self, topic, partition, messages):
        """Writes them, and returns once the broker has them. null deletes a key; {"base64": …} is bytes."""
        handle = self.topics.setdefault(topic, pointer(lib.rd_kafka_topic_new(self.producer, topic.encode(), None)))
        for message in messages:
            value = base64.b64decode(message["base64"]) if isinstance(message, dict) else message and message.encode()
            while lib.rd_kafka_produce(handle, partition, 2, value, ctypes.c_size_t(len(value or b"")), b"k", ctypes.c_size_t(1), None):
                lib.rd_kafka_poll(self.producer, 10)
        fail_on(lib.rd_kafka_flush(self.producer, 20_000))

    def committed(self, topic, group, partitions):
        reader = client(1, self.brokers, group_id=group)
        listed = pointer(lib.rd_kafka_topic_partition_list_new(partitions))
        for partition in range(partitions):
            lib.rd_kafka_topic_partition_list_add(listed, topic.encode(), partition)
        fail_on(lib.rd_kafka_committed(reader, listed, 10_000))
        # struct { int cnt; int size; rd_kafka_topic_partition_t *elems }, of which each has char *, int32, int64, …
        elements = ctypes.cast(ctypes.cast(listed.value + 8, ctypes.POINTER(pointer))[0], pointer).value
        offsets = [ctypes.cast(elements + 64 * place + 16, ctypes.POINTER(ctypes.c_int64))[0] for place in range(partitions)]
        lib.rd_kafka_topic_partition_list_destroy(listed)
        lib.rd_kafka_destroy_flags(reader, 8)
        return offsets

    def commit(self, topic, group, offsets):
        reader = client(1, self.brokers, group_id=group)
        listed = pointer(lib.rd_kafka_topic_partition_list_new(len(offsets)))
        for partition, offset in enumerate(offsets):
            lib.rd_kafka_topic_partition_list_add(listed, topic.encode(), partition)
            lib.rd_kafka_topic_partition_list_set_offset(listed, topic.encode(), partition, ctypes.c_int64(offset))
        fail_on(lib.rd_kafka_commit(reader, listed, 0))
        lib.rd_kafka_destroy_flags(reader, 8)

    # Of the mock cluster alone.

    def outage(self, brokers, seconds):
        for broker in brokers:
            fail_on(lib.rd_kafka_mock_broker_set_down(self.mock, broker))
        time.sleep(seconds)
        for broker in brokers:
            fail_on(lib.rd_kafka_mock_broker_set_up(self.mock, broker))

    def slow(self, broker, milliseconds):
        fail_on(lib.rd_kafka_mock_broker_set_rtt(self.mock, broker, milliseconds))

    def refuse(self, topic, code):
        lib.rd_kafka_mock_topic_set_error(self.mock, topic.encode(), code)


def main(port, brokers=None):
    kafka = Kafka(brokers)
    with socket.create_server(("127.0.0.1", int(port))) as server:
        while True:
            connection, _ = server.accept()
            with connection, connection.makefile("rw") as lines:
                line = lines.readline()
                if not line:
                    continue
                name, *arguments = json.loads(line)
                try:
                    answer = {"value": getattr(kafka, name)(*arguments)}
                except ValueError as error:
                    answer = {"error": str(error)}
                lines.write(json.dumps(answer) + "\n")


main(*sys.argv[1:])
