"""The web application served by gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "solidarites.settings")


def checked_application():  # type: ignore[no-untyped-def]
    application = get_wsgi_application()
    from solidarites import running
    from solidarites.checks import refuse_demonstration_leftovers, refuse_other_key

    running.announce(running.WEB)
    refuse_demonstration_leftovers()
    refuse_other_key()
    return application


application = checked_application()
