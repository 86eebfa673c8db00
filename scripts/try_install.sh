#!/bin/sh
# Tries docs/installer.md and the README's commands on a Debian that has nothing: scripts/try_install.sh [STEP…]
# Steps, each of which can be run alone: root and packages (kept), team, demo, tests. As root; half an hour on a quiet machine.
# Everything is under TRY_DIR (var/try_install). Mirrors: DEBIAN_MIRROR, pip's own variables and files.
cd "$(dirname "$0")/.." || exit 1
exec python3 -m scripts.trial.run "$@"
