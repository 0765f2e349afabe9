#!/usr/bin/env bash
# node_exporter 1.5.0 (Debian's prometheus-node-exporter 1.5.0-1+b6), collector textfile.
#
# Two *.prom files have a series of one name, with other labels. The words of their # HELP lines differ, as after an
# upgrade of one of the two programs that write them. One would expect both series, with either help, or an error.
#
# Seen: the series of the second file is missing. The scrape is HTTP 200, node_textfile_scrape_error is 0,
# node_scrape_collector_success{collector="textfile"} is 1, and node_textfile_mtime_seconds names both files. Only the
# exporter's own log has a line (level=error, "has help … but should have …").
#
# Depends on it: Tests/Golden/runtime/metrics.prom. Names, types and HELP texts of metrics are a golden file, because
# jobs of two releases write beside each other while a deployment is under way.
#
# Needs: apt-get, dpkg-deb, curl, python3.
set -euo pipefail
for tool in apt-get dpkg-deb curl python3; do
  command -v "$tool" >/dev/null || { echo "cannot run here: $tool is missing" >&2; exit 69; }
done
work=$(mktemp -d)
exporter=
trap '[ -z "$exporter" ] || kill "$exporter" 2>/dev/null; rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq prometheus-node-exporter=1.5.0-1+b6 2>/dev/null) ||
  { echo "cannot run here: prometheus-node-exporter 1.5.0-1+b6 is not to be had" >&2; exit 69; }
dpkg-deb -x "$work"/prometheus-node-exporter_*.deb "$work/package"

mkdir "$work/files"
series() { # FILE HELP
  printf '# HELP queue_length %s\n# TYPE queue_length gauge\nqueue_length{queue="%s"} 1\n' "$2" "$1" >"$work/files/$1.prom"
}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$work/package/usr/bin/prometheus-node-exporter" --collector.disable-defaults --collector.textfile \
  --collector.textfile.directory="$work/files" --web.listen-address="127.0.0.1:$port" 2>"$work/log" &
exporter=$!

scrape() { # prints the code, the series of ours, and what the exporter says of its own success
  curl -s --retry 20 --retry-connrefused --retry-delay 1 -o "$work/out" -w '%{http_code}\n' "http://127.0.0.1:$port/metrics"
  grep -E '^(queue_length|node_textfile_scrape_error|node_scrape_collector_success)' "$work/out" | sort
}
compare() { # WHAT EXPECTED
  local found
  found=$(scrape)
  printf '%s:\n%s\n\n' "$1" "$found"
  [ "$found" = "$2" ] || { printf 'this has changed; it was:\n%s\n' "$2" >&2; exit 1; }
}

series a 'Entries that wait.'
series b 'Entries that wait.'
compare "the same words in both files" '200
node_scrape_collector_success{collector="textfile"} 1
node_textfile_scrape_error 0
queue_length{queue="a"} 1
queue_length{queue="b"} 1'

series b 'Number of entries that wait.'
compare "other words in the second file" '200
node_scrape_collector_success{collector="textfile"} 1
node_textfile_scrape_error 0
queue_length{queue="a"} 1'
grep -q 'has help' "$work/log" || { echo "this has changed: the exporter's log had a line" >&2; exit 1; }
