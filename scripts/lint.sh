#!/bin/sh
# Every check, even after a first failure; the last line says which ones failed.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=""
said() {
    if [ "$2" -eq 0 ]; then
        echo "  ok    $1"
    else
        echo "  ÉCHEC $1"
        printf '%s\n' "$3" | tail -n 60
        failed="$failed · $1"
    fi
}
check() {
    name=$1
    shift
    output=$("$@" 2>&1)
    said "$name" $? "$output"
}
# The longest by far: it runs beside the others, on the second core.
types=$(mktemp)
trap 'rm -f "$types"' EXIT
$bin/mypy >"$types" 2>&1 &
mypy=$!
check "ruff" $bin/ruff check .
check "mise en forme" $bin/ruff format --check .
check "gabarits" $bin/djlint templates --lint --quiet
check "mise en forme des gabarits" $bin/djlint templates --check --quiet
check "sens des imports" $bin/lint-imports
check "migrations" $bin/python manage.py makemigrations --check --dry-run
# As on a real server: https, its own secrets.
check "déploiement" env SITE_URL=https://solidarites.exemple.fr SECRET_KEY="$($bin/python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
    $bin/python manage.py check --deploy --fail-level WARNING
wait "$mypy"
said "types" $? "$(cat "$types")"
if [ -n "$failed" ]; then
    echo "Contrôles en échec${failed}"
    exit 1
fi
