#!/usr/bin/env bash
# Commands for redis-cli --pipe: 20,000 events of an application, one of which nobody can process.
set -euo pipefail
awk 'BEGIN {
  for (n = 1; n <= 20000; n++) {
    if (n == 12345) event = "{\"id\":\"d" n "\",\"type\":\"asset.downloaded\",\"data\":{\"asset\":1,\"bytes\":\"many\"}}"
    else if (n % 4 == 0) event = "{\"id\":\"d" n "\",\"type\":\"feed.liked\",\"data\":{\"feed_id\":" n % 7 "}}"
    else if (n % 5 == 0) event = "{\"id\":\"d" n "\",\"type\":\"search.update\",\"data\":{\"entity\":\"asset\",\"entity_id\":\"" n % 4 + 1 "\"}}"
    else event = "{\"id\":\"d" n "\",\"type\":\"asset.downloaded\",\"data\":{\"asset\":" n % 4 + 1 ",\"bytes\":1000}}"
    printf "XADD events:job * event \047%s\047\r\n", event
  }
}'
