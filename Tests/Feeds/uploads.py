"""Who uploaded what, and when, by the changelogs of the Debian packages of this machine: real people, posts and events.

    uploads.py FILE

writes a line for each entry of a changelog, each once: source package, version, uploader's address, seconds since 1970.
"""
import glob
import gzip
import re
import sys
from email.utils import mktime_tz, parsedate_tz

HEAD = re.compile(r"^([a-z0-9][a-z0-9+.-]*) \(([^)\s]+)\)")
FOOT = re.compile(r"^ -- .*?<([^<>\s]+@[^<>\s]+)>  (.+)$")


def uploads():
    seen = set()
    for path in sorted(glob.glob("/usr/share/doc/*/changelog.Debian.gz") + glob.glob("/usr/share/doc/*/changelog.gz")):
        package = None
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if head := HEAD.match(line):
                    package = head.groups()
                elif package and (foot := FOOT.match(line)):
                    date = parsedate_tz(foot[2])
                    entry = (*package, foot[1].lower(), mktime_tz(date) if date else None)
                    if date and entry not in seen:
                        seen.add(entry)
                        yield entry


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        for entry in uploads():
            print(*entry, sep="\t", file=file)
