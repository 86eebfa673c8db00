"""Which landlord a list belongs to when nobody says."""

from __future__ import annotations

from tenants.models import Landlord


def the_landlord(code: str | None = None, *, create: bool = True) -> Landlord:
    """The landlord of this code; without one the only landlord, made if there is none.

    Raises LookupError when the code is unknown, or when several landlords leave the choice open. With
    ``create=False`` a landlord that would be made is given unsaved.
    """
    if code:
        landlord = Landlord.objects.filter(code=code).first()
        if landlord is None:
            raise LookupError(f"Aucun bailleur n’a le code « {code} ».")
        return landlord
    found = list(Landlord.objects.order_by("pk")[:2])
    if len(found) > 1:
        raise LookupError("Plusieurs bailleurs existent : précisez --landlord CODE.")
    if found:
        return found[0]
    landlord = Landlord(code="bailleur", name="Bailleur")
    if create:
        landlord.save()
    return landlord
