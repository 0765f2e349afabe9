"""An event of a Lambda function, under AWS' emulator, against a plain start of the same binary."""
import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import usage
from stand import ROUNDS, alternate

CASE = "lambda"
EMULATOR = Path(__file__).resolve().parent.parent.parent / ".build/aws-lambda-rie"


def measure(stand, table):
    stand.empty_redis()
    stand.start_from("empty")
    usage.finish_week(stand)
    with function(stand) as client:
        # The first event starts the process that waits.
        event(client)
        a, b = alternate(max(30, ROUNDS), lambda: event(client), lambda: usage.idle(stand).seconds)
    table.compare("a Lambda event, nothing to do", a, b, "a plain start of the same binary", 1.15)


@contextlib.contextmanager
def function(stand):
    """A client that keeps its connection to usage-aggregation as a function."""
    port, api = free_port(), free_port()
    emulator = subprocess.Popen(
        [EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{api}",
         stand.binaries / "usage-aggregation"],
        env={"DATABASE_URL": stand.database_url, "REDIS_URL": stand.redis_url, "JOB_LOG_LEVEL": "error",
             "PATH": os.environ["PATH"], "AWS_LAMBDA_FUNCTION_TIMEOUT": "900"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.05)
        client = http.client.HTTPConnection("127.0.0.1", port)
        client.connect()
        yield client
    finally:
        emulator.kill()
        emulator.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def event(client):
    """Seconds from an event to its answer."""
    start = time.monotonic()
    client.request("POST", "/2015-03-31/functions/function/invocations", "{}")
    answer = json.loads(client.getresponse().read())
    took = time.monotonic() - start
    assert answer["statusCode"] == 200 and json.loads(answer["body"])["counts"]["days"] == 0, answer
    return took
