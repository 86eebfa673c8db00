"""The converters of our addresses, registered before any of them is read (SolidaritesConfig.ready)."""

from django.urls.converters import IntConverter


class IdConverter(IntConverter):
    """A number that a row may have: longer ones are addresses of nothing, where « int » would ask the database."""

    regex = "[0-9]{1,18}"
