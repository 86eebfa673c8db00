#!/bin/sh
# Makes .venv and installs what requirements need, each file known by its hash (« make pins » writes the .lock); does
# nothing when it has not changed.
# Usage: scripts/venv.sh requirements.txt|requirements-dev.txt
set -eu
wanted=$1
cd "$(dirname "$0")/.."

fail() {
    printf '\n%s\n%s\n\n' "$1" "$2" >&2
    exit 1
}

find_python() {
    for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        [ -n "$name" ] || continue
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s' "$name"
            return
        fi
    done
}

as_root_on_debian() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
}

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
    python=$(find_python)
    [ -n "$python" ] || fail \
        "Python 3.11 ou plus récent est nécessaire et n'a pas été trouvé (variable PYTHON pour en désigner un)." \
        "Python 3.11 or newer is needed and was not found (set PYTHON to point to one)."
    has_venv() { "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; }
    # Who asks for the tests asks for what they need; a continuous-integration machine is nobody's.
    if ! has_venv && as_root_on_debian && { [ "${CI:-}" = true ] || [ "$wanted" = requirements-dev.txt ]; }; then
        echo "Il manque python3-venv : installation par apt-get" >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } </dev/null >/dev/null || :
    fi
    has_venv || fail \
        "Il manque le module venv de Python. Sur Debian ou Ubuntu : sudo apt install python3-venv" \
        "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv"
    echo "Environnement Python : .venv"
    "$python" -m venv --clear .venv
fi

# requirements-dev.txt contains requirements.txt: its stamp vouches for both.
stamp_of() {
    { cat requirements.lock; [ "$1" = requirements.txt ] || cat requirements-dev.lock; .venv/bin/python -V; } | cksum
}
stamp=".venv/installed-$wanted"
[ "$(cat "$stamp" 2>/dev/null)" = "$(stamp_of "$wanted")" ] && exit 0
if [ "$wanted" = requirements.txt ] && [ "$(cat .venv/installed-requirements-dev.txt 2>/dev/null)" = "$(stamp_of requirements-dev.txt)" ]; then
    exit 0
fi
echo "Installation des bibliothèques ($wanted)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "${wanted%.txt}.lock" || fail \
    "Les bibliothèques n'ont pas pu être installées : voyez le message de pip ci-dessus (réseau, miroir PyPI)." \
    "The libraries could not be installed: see pip's message above (network, PyPI mirror)."
stamp_of "$wanted" > "$stamp"
