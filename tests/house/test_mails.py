"""Every e-mail of the product, queued by its own rule: French, an hour or a number and a link, nobody in it.

Everything personal around the mails holds a word that no text has; it is searched for in what leaves and in what the
queue keeps.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns import alerts, followups, referrals, welfare
from campaigns.followups import reminders
from campaigns.models import Case, Cause, NeighbourReport, Referral
from campaigns.neighbours import reports
from campaigns.referrals import access, sending
from campaigns.referrals.tests import referral_cast
from campaigns.team import debriefs
from campaigns.welfare.tests import welfare_cast
from solidarites import accounts, mail
from solidarites.adapters import NOTICES
from solidarites.models import OutgoingMail
from tenants.models import Residence, Tenant
from tests import factories, strict
from tests.house.source import ROOT

CANARY = "zyxcanari"
PHONE = "+33536497711"
# They say what happened, and need no link: their reader has the page open, or nothing to do.
WITHOUT_LINK = {"referral_code", "referral_withdrawn", "security_notice"}
ALL = sorted(path.stem for path in (ROOT / "templates" / "emails").glob("*.txt") if not path.stem.startswith("_"))


def personal(name: str) -> str:
    return f"{CANARY}-{name}"


def residence_and_door(campaign: Any, now: datetime) -> Any:
    residence = welfare_cast.make_residence(personal("résidence"))
    case = welfare_cast.make_door(
        campaign,
        residence,
        now=now,
        phone=PHONE,
        last_name=personal("nom"),
        first_name=personal("prénom"),
        reference=personal("référence"),
        street=personal("rue"),
        building=personal("bât"),
        city=personal("ville"),
    )
    Tenant.objects.filter(household=case.household).update(reference=personal("locataire"))
    return case


@pytest.fixture
def now() -> datetime:
    """A Tuesday, in office hours: reminders of partners leave then."""
    today = timezone.localtime().replace(hour=10, minute=0, second=0, microsecond=0)
    return today + timedelta(days=(1 - today.weekday()) % 7)


@pytest.fixture
def coordinator(db: None) -> Any:
    return factories.make_user("nadia@exemple.fr", personal("Nadia"), personal("coordonne"), "coordinator")


@pytest.fixture
def everything(coordinator: Any, administrator: Any, now: datetime) -> list[OutgoingMail]:
    """One mail of each kind at least, each by the rule that sends it."""
    lea = factories.make_user("lea2@exemple.fr", personal("Léa"), personal("appelle"), "volunteer")
    campaign = factories.make_campaign(volunteers=[lea], now=now, name=personal("campagne"))
    case = residence_and_door(campaign, now)
    follow_ups(case, lea, coordinator, now)
    check = welfare_cast.open_check(case, coordinator, now)
    welfare.add_step(check=check, kind="letter", result=personal("démarche"), by=coordinator, now=now)
    welfare_cast.make_round([check], coordinator, now, email="gardien@exemple.fr")
    check.refresh_from_db()
    welfare.watch_overdue(now=check.due_at)
    reports.receive(
        now=now,
        worries=[NeighbourReport.Worry.DANGER],
        residence=Residence.objects.get(),
        place=personal("lieu"),
        who=personal("qui"),
        text=personal("texte"),
        reporter_name=personal("voisin"),
        reporter_phone=PHONE,
    )
    alerts.raise_alert(task="essai", kind="task_failed", level="U1", case=case, by=lea, now=now)
    alerts.remind(now=now + timedelta(minutes=15))
    failed: list[tuple[Case, Cause]] = [(case, {"task": f"essai {number}"}) for number in (1, 2)]
    alerts.raise_all(causes=failed, kind="task_failed", level="U1", now=now)
    call = referral_cast.make_call(case, lea, now, comment=personal("commentaire"))
    debriefs.ask(call=call, by=lea, now=now)
    sheets(case, coordinator, now)
    accounts.invite(
        addresses=[accounts.Address("paul2@exemple.fr", personal("Paul"), personal("invité"))],
        role="volunteer",
        by=administrator,
        now=now,
    )
    mail.queue_mail(key="password:1:a", to=lea.email, template="password_reset", context={"user_id": lea.pk})
    for notice in set(NOTICES.values()):
        context = {"notice": notice, "at": "12/01/2026 à 10 h 30"}
        mail.queue_mail(key=f"notice:1:{notice}", to=lea.email, template="security_notice", context=context)
    return list(OutgoingMail.objects.order_by("template", "pk"))


def follow_ups(case: Any, lea: Any, coordinator: Any, now: datetime) -> None:
    """A plan on a Thursday at three: told on Wednesday evening, and the Monday before."""
    rhythm = followups.Rhythm("weekly", [3], now.replace(hour=15).time(), lea.pk)
    followups.start_by_hand(case_id=case.pk, rhythm=rhythm, by=coordinator, now=now)
    reminders.remind_tomorrow(today=(now + timedelta(days=1)).date(), now=now + timedelta(days=1))
    monday = now + timedelta(days=6)
    reminders.sum_up_week(today=monday.date(), now=monday)
    # Nobody told of it on that day: it was somebody else's.
    thursday = now + timedelta(days=2)
    OutgoingMail.objects.filter(template="follow_up_tomorrow").update(context={"day": "x", "hours": ["9 h"]})
    reminders.tell_given(today=thursday.date(), now=thursday)


def sheets(case: Any, coordinator: Any, now: datetime) -> None:
    sheet = referral_cast.make_referral(
        coordinator, now, state=Referral.State.SENT, case=case, facts=personal("faits"), since=personal("depuis")
    )
    access.send_code(referral=sheet, now=now)
    sending.remind(referral=sheet, by=None, now=now + timedelta(hours=1))
    later = now + timedelta(hours=2)
    other = referral_cast.make_referral(coordinator, now, state=Referral.State.SENT, case=case)
    referrals.withdraw(referral=other, reason=personal("raison"), by=coordinator, now=later)
    # Its link is dead: that one could no longer be written.
    OutgoingMail.objects.filter(pk=other.mail_id).delete()


def parts_of(row: OutgoingMail) -> Iterator[tuple[str, str]]:
    message = mail.build(row)
    yield "subject", str(message.subject)
    yield "text", str(message.body)
    yield "html", str(message.alternatives[0][0])


def test_every_kind_of_mail_is_here(everything: list[OutgoingMail]) -> None:
    assert sorted({row.template for row in everything}) == ALL


def test_no_mail_nor_its_row_says_anything_about_anybody(everything: list[OutgoingMail]) -> None:
    """The canaries are there to be found: on the household's page, for one."""
    assert CANARY in str(Tenant.objects.order_by("pk").values_list("last_name", "first_name"))
    digits = PHONE.removeprefix("+33")
    for row in everything:
        kept = json.dumps({"key": row.key, "context": row.context}, ensure_ascii=False)
        for where, text in [("row", kept), *parts_of(row)]:
            assert CANARY not in text, f"{row.template}, {where}"
            assert digits not in re.sub(r"[\s\u00a0\u202f.]", "", text), f"{row.template}, {where}"


def test_each_mail_leads_somewhere_and_says_it_in_french(everything: list[OutgoingMail], settings: Any) -> None:
    for row in everything:
        parts = dict(parts_of(row))
        assert parts["subject"], row.template
        assert len(parts["subject"]) < 80, row.template
        for where in ("text", "html"):
            links = re.findall(rf"{settings.SITE_URL}/[\w/?=.-]+", parts[where])
            assert bool(links) or row.template in WITHOUT_LINK, f"{row.template}, {where}"
            words = re.sub(r"https?://\S+|<[^>]*>", " ", parts[where])
            assert not strict.ENGLISH.search(words), f"{row.template}, {where}"
            assert "Bonjour," in words
        assert "&#" not in parts["subject"] + parts["text"], row.template
        # One house for all of them: the same look, a page for a phone, the words that ask not to answer with a name.
        assert '<html lang="fr">' in parts["html"], row.template
        assert 'name="viewport"' in parts["html"], row.template
        assert "Il ne contient aucune donnée personnelle" in parts["html"].replace("\u00a0", " "), row.template
        # A word of an address may be cut anywhere, one of a sentence may not.
        assert not re.search(r"<p[^>]*word-break", parts["html"]), row.template


def test_alerts_and_late_checks_give_the_number_of_the_case(everything: list[OutgoingMail]) -> None:
    numbered = [row for row in everything if row.template in ("alert", "welfare_overdue") and row.context["case_id"]]
    assert {row.template for row in numbered} == {"alert", "welfare_overdue"}
    for row in numbered:
        for where, text in parts_of(row):
            assert str(row.context["case_id"]) in text, f"{row.template}, {where}"
    # A neighbour's worry has no case yet: its subject says what it is.
    unnumbered = next(row for row in everything if row.template == "alert" and not row.context["case_id"])
    assert dict(parts_of(unnumbered))["subject"].replace("\u00a0", " ") == "Alerte U0 : inquiétude d'un voisin"
