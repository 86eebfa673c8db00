"""Django's PostgreSQL, but for how a connection is found to be alive."""
