#!/usr/bin/env bash
# Makes .build/python, a virtual environment with the tools of python-tools.txt, unless it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."
list=Tests/Support/python-tools.txt
cmp -s "$list" .build/python/installed.txt && exit 0
echo "installing the tools of $list into .build/python (some minutes, once)" >&2
rm -rf .build/python
/usr/bin/python3 -m venv .build/python
.build/python/bin/pip install --quiet --disable-pip-version-check --no-input --require-hashes --requirement "$list"
cp "$list" .build/python/installed.txt
