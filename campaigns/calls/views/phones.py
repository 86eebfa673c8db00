"""The numbers of a household, and how each is dialled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import segno
from django.utils.safestring import SafeString, mark_safe

from campaigns import calls, outcomes
from campaigns.calls.forms import Typed
from campaigns.calls.views.labels import dial, national
from campaigns.calls.views.place import Place
from tenants.households import usable_phones
from tenants.models import PhoneNumber


@dataclass(frozen=True)
class PhoneView:
    # Text: templates write numbers the French way, with spaces between thousands.
    pk: str
    number: str
    label: str
    href: str
    qr: SafeString
    chosen: bool


@dataclass
class Phones:
    """Which number is dialled now, and the others."""

    place: Place
    typed: Typed

    def dialled(self) -> PhoneNumber | None:
        chosen = self.typed.fields.get("phone_id", "")
        by_pk = {str(phone.pk): phone for phone in usable_phones(self.place.case.household)}
        return by_pk.get(chosen) or calls.phone_to_dial(self.place.case, self._already_dialled())

    def _already_dialled(self) -> list[int | None]:
        """The numbers tried since somebody last answered: the other one comes next."""
        tried: list[int | None] = []
        for call in self.place.history:
            rule = outcomes.TABLE.get(call.outcome)
            if rule is None or rule.reached:
                break
            tried.append(call.phone_id)
        return tried

    @cached_property
    def all(self) -> list[PhoneView]:
        """The one to dial first; each with its code, drawn once."""
        hidden = self.hides_number
        chosen = self.dialled()
        views = [
            PhoneView(
                pk=str(phone.pk),
                number=national(phone.e164),
                label=phone.label or ("numéro d'un proche" if phone.third_party else ""),
                href=dial(phone, hidden=hidden),
                qr=qr_code(dial(phone, hidden=hidden)),
                chosen=chosen is not None and phone.pk == chosen.pk,
            )
            for phone in usable_phones(self.place.case.household)
        ]
        return sorted(views, key=lambda view: not view.chosen)

    @property
    def hides_number(self) -> bool:
        return self.place.case.campaign.allow_hidden_number and self.place.by.hide_number

    @property
    def on_call(self) -> dict[str, str]:
        number = self.place.case.campaign.on_call_number
        return {"number": national(number), "href": f"tel:{number}"} if number else {}


def qr_code(address: str) -> SafeString:
    """The number as a QR code, to be dialled by one's own phone. Our own drawing of digits: nothing to escape."""
    code = segno.make(address, error="l", boost_error=False, micro=False)
    return mark_safe(code.svg_inline(scale=4, border=3, omitsize=True, svgclass="qr", lineclass=None, light="#fff"))
