#!/bin/sh
# One process alone, with the Procfile's own line: scripts/process.sh web|worker|beat.
# It takes the place of this shell: who starts it (systemd, a container, a terminal) speaks to it directly.
set -eu
cd "$(dirname "$0")/.."
line=$(sed -n "s/^${1:-}: //p" Procfile)
[ -n "$line" ] || { echo "Dites lequel : scripts/process.sh web, worker ou beat." >&2; exit 2; }
PATH="$PWD/.venv/bin:$PATH"
eval "exec $line"
