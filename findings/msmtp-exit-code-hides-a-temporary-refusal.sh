#!/usr/bin/env bash
# msmtp 1.8.23 (Debian's 1.8.23-1) against aiosmtpd 1.4.6 (PyPI).
#
# msmtp's manual says that it ends with the codes of sysexits.h, where 75 means "try again". A mail server that answers
# 450 or 451 says just that; 550 and 554 say never. One would expect a script to tell them apart by the exit code.
#
# Seen: 69 for 450 at RCPT, for 451 after the body and for 554 after the body. Only a recipient that is refused for good has a
# code of its own, 65. A script that retries on 75 never retries; one that retries on 69 sends what was refused again and again.
#
# Depends on it: Tests/Jobs/OutboxDeliveryTests. They look at what the server answered; msmtp was weighed as a reference for
# temporary and final refusals, and left out.
#
# Needs: python3 with pip, apt-get, dpkg-deb, and the libraries that msmtp wants besides those below (GnuTLS, GLib).
set -euo pipefail
for tool in apt-get dpkg-deb python3; do
  command -v "$tool" >/dev/null || { echo "cannot run here: $tool is missing" >&2; exit 69; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq msmtp=1.8.23-1 libgsasl18=2.2.0-1+deb12u2 libsecret-1-0=0.20.5-3 libidn12=1.41-1 \
  libntlm0=1.6-4 libgssglue1=0.7-1.1 2>/dev/null) || { echo "cannot run here: these versions are not to be had" >&2; exit 69; }
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/x"; done
python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target "$work/packages" \
  aiosmtpd==1.4.6 || { echo "cannot run here: aiosmtpd 1.4.6 is not to be had" >&2; exit 69; }

found=$(PYTHONPATH=$work/packages LD_LIBRARY_PATH=$work/x/usr/lib/x86_64-linux-gnu python3 - "$work/x/usr/bin/msmtp" <<'PY'
import socket
import subprocess
import sys

from aiosmtpd.controller import Controller


class Relay:
    def __init__(self, to_recipient, to_body):
        self.to_recipient, self.to_body = to_recipient, to_body

    async def handle_RCPT(self, server, session, envelope, address, options):
        if not self.to_recipient:
            envelope.rcpt_tos.append(address)
        return self.to_recipient or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        return self.to_body


for to_recipient, to_body in (
    (None, "250 queued"), ("450 4.2.0 later", None), (None, "451 4.3.0 later"), ("550 5.1.1 nobody here", None),
    (None, "554 5.6.0 not this"),
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Relay(to_recipient, to_body), hostname="127.0.0.1", port=port)
    server.start()
    ended = subprocess.run(
        [sys.argv[1], "--host=127.0.0.1", f"--port={port}", "--tls=off", "--auth=off", "--from=a@example.org", "b@example.org"],
        input="Subject: hello\n\nhello\n", text=True, capture_output=True)
    server.stop()
    where = "RCPT" if to_recipient else "body"
    print(f"{where} {(to_recipient or to_body)[:3]}: exit code {ended.returncode}")
PY
)
expected='body 250: exit code 0
RCPT 450: exit code 69
body 451: exit code 69
RCPT 550: exit code 65
body 554: exit code 69'
echo "$found"
[ "$found" = "$expected" ] || { printf 'this has changed; it was:\n%s\n' "$expected" >&2; exit 1; }
