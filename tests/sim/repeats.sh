#!/usr/bin/env bash
# A seed runs the same way wherever its objects lie in memory. Usage: repeats.sh SIM
set -euo pipefail

trace() { "$1" --seeds 1..30 --trace | sha256sum; }

here=$(trace "$1")
# Without its cache malloc hands out other addresses.
elsewhere=$(GLIBC_TUNABLES=glibc.malloc.tcache_count=0 trace "$1")
if [[ $here != "$elsewhere" ]]; then
  echo "seeds 1 to 30 run in two ways" >&2
  exit 1
fi
