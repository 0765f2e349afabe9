"""job-exec around a program that does nothing, against the cold start of a job."""
import usage
from stand import ROUNDS, alternate

CASE = "job-exec"


def measure(stand, table):
    stand.start_from("empty")
    stand.empty_redis()
    usage.finish_week(stand)
    a, b = alternate(max(30, ROUNDS), lambda: ours(stand), lambda: usage.idle(stand))
    table.compare(f"{CASE} -- true", [t.seconds for t in a], [t.seconds for t in b],
                  "the cold start of another job", 1.2)
    table.saw(CASE, a)


def ours(stand):
    return stand.measure(stand.binaries / "job-exec", "--name", "nightly-export", "--", "true")
