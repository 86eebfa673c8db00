#!/bin/sh
# web, worker and beat under honcho. Ctrl+C, or the end of whoever started this, ends all of them.
cd "$(dirname "$0")/.." || exit 1
PATH="$PWD/.venv/bin:$PATH"
# honcho reads .env of its own accord; Django already does.
honcho -e /dev/null start &
pid=$!
trap 'kill -TERM "$pid" 2>/dev/null' INT TERM HUP
while :; do
    wait "$pid"
    code=$?
    kill -0 "$pid" 2>/dev/null || break
done
# 130 and 143 are how it is told to end.
case $code in
    0 | 130 | 143) exit 0 ;;
    *) exit 1 ;;
esac
