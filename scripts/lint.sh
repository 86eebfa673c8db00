#!/bin/sh
# Every check, even after a first failure; the last line says which ones failed.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=""
check() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "  ok    $name"
    else
        echo "  ÉCHEC $name"
        printf '%s\n' "$output" | tail -n 60
        failed="$failed · $name"
    fi
}
check "ruff" $bin/ruff check .
check "mise en forme" $bin/ruff format --check .
check "gabarits" $bin/djlint templates --lint --quiet
check "mise en forme des gabarits" $bin/djlint templates --check --quiet
check "types" $bin/mypy
check "migrations" $bin/python manage.py makemigrations --check --dry-run
# As on a real server: https, its own secrets.
check "déploiement" env SITE_URL=https://solidarites.exemple.fr SECRET_KEY="$($bin/python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
    $bin/python manage.py check --deploy --fail-level WARNING
if [ -n "$failed" ]; then
    echo "Contrôles en échec${failed}"
    exit 1
fi
