#!/usr/bin/env bash
# chevron 0.14.0, pystache 0.6.5 (PyPI).
#
# Both render Mustache templates, and the Mustache specification comes with cases that say what a template yields. One would
# expect a reference to pass them, and a list to be as long in the output as it is in the data.
#
# Seen: chevron looks for the rest of a dotted name in the outer object where the inner one has its first part ("Broken Chain
# Resolution" of the specification wants nothing there), and skips items of a list that are 0 or empty. pystache prints
# None for a null ("Basic Null Interpolation" wants nothing). Each is right where the other is wrong.
#
# Depends on it: Tests/Jobs/OutboxDeliveryTests. The reference for templates are the specification's own cases, and neither of
# these.
#
# Needs: python3 with pip.
set -euo pipefail
command -v python3 >/dev/null || { echo "cannot run here: python3 is missing" >&2; exit 69; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --root-user-action=ignore --target "$work/packages" \
  chevron==0.14.0 pystache==0.6.5 || { echo "cannot run here: chevron 0.14.0 and pystache 0.6.5 are not to be had" >&2; exit 69; }
found=$(PYTHONPATH=$work/packages python3 - <<'PY'
import chevron
import pystache

cases = {
    "a broken chain": ("[{{#owner}}{{address.city}}{{/owner}}]", {"owner": {"address": {}}, "address": {"city": "Lyon"}}),
    "a list with a zero": ("[{{#counts}}{{.}};{{/counts}}]", {"counts": [3, 0, 2]}),
    "a list with an empty text": ("[{{#lines}}{{.}};{{/lines}}]", {"lines": ["a", "", "b"]}),
    "a null": ("[{{nickname}}]", {"nickname": None}),
}
for name, (template, data) in cases.items():
    print(f"{name}: chevron {chevron.render(template, data)} pystache {pystache.render(template, data)}")
PY
)
expected='a broken chain: chevron [Lyon] pystache []
a list with a zero: chevron [3;2;] pystache [3;0;2;]
a list with an empty text: chevron [a;b;] pystache [a;;b;]
a null: chevron [] pystache [None]'
echo "$found"
[ "$found" = "$expected" ] || { printf 'this has changed; it was:\n%s\n' "$expected" >&2; exit 1; }
