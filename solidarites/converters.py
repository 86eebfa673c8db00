"""What a part of an address may be."""

from django.urls import register_converter
from django.urls.converters import IntConverter


class IdConverter(IntConverter):
    """A number that a row may have: longer ones are addresses of nothing."""

    regex = "[0-9]{1,18}"


def register() -> None:
    register_converter(IdConverter, "id")
