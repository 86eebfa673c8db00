"""Who is called and why now, as the top of the call page says it."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.calls.forms import LANGUAGE_CHOICES
from campaigns.calls.views.labels import clocks_now, family, history_line, message_line, reason
from campaigns.calls.views.place import Place
from tenants import departments
from tenants.models import Household, Tenant

# Two lines of a phone; what is longer is said whole below the top.
WHOLE_TITLE = 34


@dataclass(frozen=True)
class PersonView:
    key: str
    name: str
    age: str


@dataclass(frozen=True)
class NoteView:
    icon: str
    text: str


@dataclass(frozen=True)
class Who:
    """The household: its people, what is known of it, what came before."""

    place: Place

    @property
    def household(self) -> Household:
        return self.place.case.household

    @property
    def people(self) -> list[PersonView]:
        day = self.place.now.astimezone(self.place.calendar.tz).date()
        names = self.short_names()
        return [PersonView(str(one.pk), names[str(one.pk)], one.age_band_on(day)) for one in self.place.people]

    def short_names(self) -> dict[str, str]:
        """First names, where they are enough to tell one from the other."""
        people = self.place.people
        given = [one.first_name for one in people]
        short = all(given) and len(set(given)) == len(given)
        return {str(one.pk): one.first_name if short else one.full_name for one in people}

    @property
    def whole_names(self) -> list[str]:
        """Of those whose names the top of a phone cannot hold, with their age band."""
        if len(self.title) <= WHOLE_TITLE:
            return []
        day = self.place.now.astimezone(self.place.calendar.tz).date()
        return [f"{one.full_name}, {one.age_band_on(day)}" for one in self.place.people]

    @property
    def address_lacks(self) -> str:
        """What emergency services would ask for, and the list does not say."""
        if not self.household.address_lines:
            return "adresse inconnue : demandez-la"
        return "" if self.household.street or self.residence else "rue inconnue : demandez-la"

    @property
    def title(self) -> str:
        """« Mme Jeanne MARTIN », « Mme et M. MARTIN »."""
        if self.place.people:
            return family(self.place.people)
        names = dict.fromkeys(one.last_name.upper() for one in self.household.tenants.all())
        return " ".join(["Foyer", *names])

    @property
    def residents(self) -> list[PersonView]:
        """Whom « décédé(e) », « a déménagé »… may speak of."""
        day = self.place.now.astimezone(self.place.calendar.tz).date()
        present = [one for one in self.household.tenants.all() if one.status == Tenant.Status.PRESENT]
        return [PersonView(str(one.pk), one.full_name, one.age_band_on(day)) for one in present]

    @property
    def lives_alone(self) -> str:
        if not self.household.living_alone or len(self.place.people) > 1:
            return ""
        civility = self.place.people[0].civility if self.place.people else ""
        return "vit " + {"M.": "seul", "Mme": "seule", "Mlle": "seule"}.get(civility, "seul(e)")

    @property
    def residence(self) -> str:
        """Emergency services and neighbours know the place by that name."""
        return self.household.residence.name if self.household.residence else ""

    @property
    def notes(self) -> list[NoteView]:
        """What helps to speak with this person: the language, then what the list or a coordinator noted."""
        code = self.place.case.language or self.household.language
        language = dict(LANGUAGE_CHOICES).get(code, "")
        notes = [NoteView("translate", f"Parle {language.lower()}.")] if language else []
        return [*notes, NoteView("ear", self.household.notes)] if self.household.notes else notes

    @property
    def reason(self) -> str:
        return reason(self.place.case, self.place.by, self.place.now)

    @property
    def history(self) -> list[dict[str, str]]:
        tz = self.place.calendar.tz
        everybody = self.household.tenants.all()
        calls_made = [
            {"line": history_line(call, self.place.now, tz, everybody), "comment": call.comment}
            for call in self.place.history[:2]
        ]
        taken = [{"line": message_line(one, self.place.now, tz), "comment": one.text} for one in self.place.messages]
        return taken + calls_made

    @property
    def department(self) -> str:
        return departments.label(self.household.department)

    @property
    def zone_note(self) -> str:
        """Said when the household lives by another clock."""
        return clocks_now(self.place.now, self.place.case)
