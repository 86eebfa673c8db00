#!/bin/sh
# What a container does: prepare (database, roles, script, static files, then the end), or web, worker, beat.
set -eu
umask 077
cd "$(dirname "$0")/.."
case ${1:-web} in
    prepare) exec sh scripts/prepare.sh ;;
    web | worker | beat) exec sh scripts/process.sh "$1" ;;
    *) exec .venv/bin/python manage.py "$@" ;;
esac
