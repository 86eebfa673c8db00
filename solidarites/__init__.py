"""The project: settings, accounts, roles, journal, mail, the Celery application."""

from solidarites.celery import app as celery_app

__all__ = ["celery_app"]
