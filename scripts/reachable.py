"""Says in one line each whether PostgreSQL and Redis answer, before tests that need them."""

import os
import sys

import environ
import psycopg2
import redis

database = environ.Env.db_url_config(os.environ["DATABASE_URL"])
problems = []
try:
    psycopg2.connect(
        # Test databases are created beside the named one, which need not exist.
        dbname="postgres",
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        connect_timeout=5,
    ).close()
except psycopg2.OperationalError as error:
    problems.append(f"ÉCHEC : PostgreSQL ne répond pas ({str(error).splitlines()[0]})")
for name in ("CELERY_BROKER_URL", "CACHE_URL"):
    try:
        redis.Redis.from_url(os.environ[name], socket_connect_timeout=5).ping()
    except (redis.RedisError, OSError) as error:
        problems.append(f"ÉCHEC : Redis ne répond pas pour {name} ({error})")
if problems:
    sys.exit("\n".join(problems))
