"""`make bench`: every measure, each in a scratch database beside the one DATABASE_URL names.

Usage: python -m benchmarks [name …]; without a name, all of them.
"""

from __future__ import annotations

import os
import sys


def main(names: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "solidarites.settings")
    import django

    django.setup()
    from django.db import connection

    from benchmarks import follow_ups, hostile_lists, http_load, import_tenants, queue_claims, referrals

    if connection.vendor != "postgresql":
        print("Les mesures se font sur PostgreSQL : DATABASE_URL=postgres://… make bench")
        return 1
    measures = {
        "queue_claims": queue_claims.main,
        "follow_ups": follow_ups.main,
        "http_load": http_load.main,
        "referrals": referrals.main,
        "import_tenants": import_tenants.main,
        "hostile_lists": hostile_lists.main,
    }
    unknown = set(names) - set(measures)
    if unknown:
        print(f"Mesures inconnues : {', '.join(sorted(unknown))}. Il y a : {', '.join(measures)}.")
        return 2
    for name in names or measures:
        print(f"\n=== {name}", flush=True)
        measures[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
