#!/bin/sh
# Database, roles, default script and static files: run as often as wanted, changes nothing the second time.
set -eu
cd "$(dirname "$0")/.."
manage() { .venv/bin/python manage.py "$@"; }
manage migrate --no-input --verbosity 0
manage load_default_script --verbosity 0
manage load_public_pages --verbosity 0
manage collectstatic --no-input --verbosity 0
