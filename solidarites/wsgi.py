"""The web application served by gunicorn."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from gunicorn.errors import AppImportError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "solidarites.settings")


def checked_application() -> WSGIHandler:
    application = get_wsgi_application()
    # No model is there before the application.
    from solidarites import running  # noqa: PLC0415
    from solidarites.celery import before_serving  # noqa: PLC0415

    try:
        before_serving(running.WEB)
    except ImproperlyConfigured as error:
        # gunicorn prints the line alone, and stops instead of trying again.
        raise AppImportError(str(error)) from error
    return application


application = checked_application()
