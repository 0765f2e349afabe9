#!/usr/bin/env bash
# Makes .build/python, a virtual environment with the tools of python-tools.txt, and .build/aws-lambda-rie, from the
# wheel of lambda-emulator.txt, unless they are there already.
set -euo pipefail
cd "$(dirname "$0")/../.."
list=Tests/Support/python-tools.txt
if ! cmp -s "$list" .build/python/installed.txt; then
  echo "installing the tools of $list into .build/python (some minutes, once)" >&2
  rm -rf .build/python
  /usr/bin/python3 -m venv .build/python
  .build/python/bin/pip install --quiet --disable-pip-version-check --no-input --require-hashes --requirement "$list"
  cp "$list" .build/python/installed.txt
fi
wheel=Tests/Support/lambda-emulator.txt
if ! cmp -s "$wheel" .build/aws-lambda-rie.txt; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  .build/python/bin/pip download --quiet --disable-pip-version-check --no-input --require-hashes --no-deps \
    --dest "$folder" --requirement "$wheel"
  .build/python/bin/python -m zipfile -e "$folder"/*.whl "$folder"
  install "$folder/samcli/local/rapid/aws-lambda-rie-$(uname -m | sed s/aarch64/arm64/)" .build/aws-lambda-rie
  cp "$wheel" .build/aws-lambda-rie.txt
fi
