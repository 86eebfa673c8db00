"""The partner's page: nothing without the code, everything with it, nothing left afterwards."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import referrals
from campaigns.models import PartnerCode, Referral
from campaigns.referrals import access
from campaigns.referrals.tests.referral_cast import make_partner, make_referral
from solidarites import mail
from solidarites.models import JournalEntry, OutgoingMail
from tests.factories import make_case
from tests.strict import StrictClient

pytestmark = pytest.mark.django_db

State = Referral.State
UNKNOWN = "A" * 43


@pytest.fixture
def now():
    """The pages read the clock themselves."""
    return timezone.now()


@pytest.fixture
def referral(coordinator, now):
    return make_referral(coordinator, now, state=State.SENT)


def url(name, link, *args):
    """``link``: a referral, or what the link of an e-mail holds."""
    return reverse(f"partner:{name}", args=[link if isinstance(link, str) else access.token_of(link), *args])


def text(response):
    return response.content.decode().replace("\u00a0", " ")


def last_code():
    row = OutgoingMail.objects.filter(template="referral_code").latest("pk")
    return access.code_of(PartnerCode.objects.get(pk=row.context["code_id"]))


def enter(client, referral):
    """Ask for a code, read it in the mail, type it."""
    client.post(url("door", referral))
    return client.post(url("code", referral), {"code": last_code()})


def age_codes(**delta):
    """As if time had passed since the codes were asked for."""
    for row in PartnerCode.objects.all():
        PartnerCode.objects.filter(pk=row.pk).update(
            created_at=row.created_at - timedelta(**delta), expires_at=row.expires_at - timedelta(**delta)
        )


# The door -----------------------------------------------------------------------------------------------


def test_opening_the_link_reveals_and_consumes_nothing(client, referral):
    for _ in range(3):
        page = text(client.get(url("door", referral)))
    assert "Recevoir un code" in page
    assert referral.reference not in page
    assert referral.tenant.last_name not in page
    assert not PartnerCode.objects.exists()
    assert not OutgoingMail.objects.filter(template="referral_code").exists()
    assert referral.events.filter(actor="partner").count() == 0


def test_the_code_goes_to_the_partners_address_alone(client, referral):
    client.post(url("door", referral))
    row = OutgoingMail.objects.get(template="referral_code")
    assert row.to == referral.partner.email
    code = last_code()
    assert re.fullmatch(r"\d{6}", code)
    assert code in mail.build(row).body


def test_the_database_holds_no_code_nor_what_makes_one(client, referral, settings):
    client.post(url("door", referral))
    kept = str([*OutgoingMail.objects.values(), *PartnerCode.objects.values("nonce", "tries", "used_at")])
    code = last_code()
    assert code not in kept
    settings.SECRET_KEY = "another"
    assert last_code() != code, "a copy of the database alone tells no code"


def test_a_code_whose_row_is_gone_does_not_leave(client, referral, now):
    client.post(url("door", referral))
    row = OutgoingMail.objects.get(template="referral_code")
    PartnerCode.objects.all().delete()
    OutgoingMail.objects.update(next_try_at=now)
    assert not mail.send_one(row.pk, now)
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.CANCELLED


def same(html, token):
    html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html)
    return html.replace(token, "TOKEN")


@pytest.mark.parametrize("dead", ["unknown", "expired", "withdrawn", "declined", "closed"])
def test_every_dead_link_looks_like_a_living_one(referral, coordinator, now, dead):
    token = access.token_of(referral)
    if dead == "unknown":
        token = UNKNOWN
    elif dead == "expired":
        Referral.objects.update(token_until=now - timedelta(seconds=1))
    elif dead == "withdrawn":
        referrals.withdraw(referral=referral, reason="Non.", by=coordinator, now=now)
    elif dead == "declined":
        referrals.decline(referral=referral, reason="Non.", by=None, now=now)
    else:
        Referral.objects.update(state=State.CLOSED)
    alive = make_referral(coordinator, now, state=State.SENT, partner=referral.partner)

    def visit(token):
        client = StrictClient()
        pages = [
            client.get(url("door", token)),
            client.post(url("door", token), follow=True),
            client.post(url("code", token), {"code": "000000"}),
            client.post(url("code", token), {"code": "abc\x00"}),
            client.get(url("sheet", token), follow=True),
            client.get(url("pdf", token), follow=True),
            client.post(url("act", token, "accuser"), follow=True),
        ]
        return [(page.status_code, same(page.content.decode(), token)) for page in pages]

    assert visit(token) == visit(access.token_of(alive))
    assert not OutgoingMail.objects.filter(template="referral_code", context__reference=referral.reference).exists()


def test_odd_tokens_are_harmless(client):
    for token in ("x", "a" * 5000, "é", "%00", "'; DROP TABLE", "..", "a\x00b"):
        response = client.get(f"/p/{token}/")
        assert response.status_code in (200, 404)
        assert client.post(f"/p/{token}/").status_code in (302, 404)


# The code -------------------------------------------------------------------------------------------------


def test_the_right_code_opens_the_sheet(client, referral):
    response = enter(client, referral)
    assert response.headers["Location"] == url("sheet", referral)
    page = text(client.get(url("sheet", referral)))
    assert referral.tenant.full_name in page
    assert "Accuser réception" in page


def test_a_code_may_be_typed_with_spaces(client, referral):
    client.post(url("door", referral))
    code = last_code()
    assert client.post(url("code", referral), {"code": f" {code[:3]} {code[3:]} "}).status_code == 302


def test_a_code_serves_once(client, referral):
    enter(client, referral)
    again = StrictClient().post(url("code", referral), {"code": last_code()})
    assert again.status_code == 200


def test_a_code_lasts_ten_minutes(client, referral):
    client.post(url("door", referral))
    age_codes(minutes=10)
    assert client.post(url("code", referral), {"code": last_code()}).status_code == 200


def test_after_five_wrong_tries_even_the_right_code_is_refused(client, referral):
    client.post(url("door", referral))
    right = last_code()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert client.post(url("code", referral), {"code": wrong}).status_code == 200
    assert client.post(url("code", referral), {"code": right}).status_code == 200


def test_a_new_code_makes_the_older_one_worthless(client, referral):
    client.post(url("door", referral))
    first = last_code()
    age_codes(minutes=1)
    client.post(url("door", referral))
    if last_code() != first:
        assert client.post(url("code", referral), {"code": first}).status_code == 200
    assert client.post(url("code", referral), {"code": last_code()}).status_code == 302


def test_a_code_of_one_referral_does_not_open_another(client, referral, coordinator, now, campaign):
    other = make_referral(coordinator, now, state=State.SENT, case=make_case(campaign, now=now))
    client.post(url("door", referral))
    assert client.post(url("code", other), {"code": last_code()}).status_code == 200


def test_few_codes_leave_in_an_hour(client, referral):
    for _ in range(12):
        client.post(url("door", referral))
        age_codes(minutes=1)
    assert OutgoingMail.objects.filter(template="referral_code").count() == 5


def test_codes_do_not_leave_in_a_burst(client, referral):
    for _ in range(4):
        client.post(url("door", referral))
    assert OutgoingMail.objects.filter(template="referral_code").count() == 1


def test_too_many_wrong_codes_in_a_day_close_the_link_for_the_day(client, referral):
    for _ in range(4):
        client.post(url("door", referral))
        wrong = f"{(int(last_code()) + 1) % 1_000_000:06d}"
        for _ in range(5):
            client.post(url("code", referral), {"code": wrong})
        age_codes(hours=2)
    before = OutgoingMail.objects.filter(template="referral_code").count()
    assert before == 4
    client.post(url("door", referral))
    assert OutgoingMail.objects.filter(template="referral_code").count() == before
    age_codes(hours=24)
    client.post(url("door", referral))
    assert OutgoingMail.objects.filter(template="referral_code").count() == before + 1


# The session ------------------------------------------------------------------------------------------------


def test_the_session_changes_its_key_when_the_code_is_right(client, referral):
    client.get(url("door", referral))
    session = client.session
    session["before"] = 1
    session.save()
    before = client.session.session_key
    enter(client, referral)
    assert client.session.session_key != before


def test_another_partners_session_opens_nothing(client, referral, coordinator, now, campaign):
    stranger = make_partner("Association", email="asso@exemple.fr")
    other = make_referral(coordinator, now, state=State.SENT, partner=stranger, case=make_case(campaign, now=now))
    enter(client, referral)
    for name in ("sheet", "pdf"):
        assert client.get(url(name, other)).headers["Location"] == url("door", other)
    client.post(url("act", other, "accuser"))
    other.refresh_from_db()
    assert other.state == State.SENT
    assert access.token_of(other) not in text(client.get(url("sheet", referral)))


def test_one_code_opens_all_the_live_referrals_of_a_partner(client, referral, coordinator, now, campaign):
    case = make_case(campaign, now=now)
    other = make_referral(coordinator, now, state=State.SENT, partner=referral.partner, case=case)
    enter(client, referral)
    assert other.reference in text(client.get(url("sheet", referral)))
    assert other.tenant.full_name in text(client.get(url("sheet", other)))


def test_the_session_ends_after_an_hour(client, referral):
    enter(client, referral)
    session = client.session
    session["partner"] = {**session["partner"], "until": int(timezone.now().timestamp()) - 1}
    session.save()
    assert client.get(url("sheet", referral)).status_code == 302


def test_changing_the_partners_address_ends_its_sessions(client, referral):
    enter(client, referral)
    type(referral.partner).objects.update(email="nouvelle@ville.exemple.fr")
    assert client.get(url("sheet", referral)).status_code == 302


@pytest.mark.parametrize("ending", ["withdraw", "expire", "close"])
def test_an_open_session_reads_nothing_once_the_link_is_shut(client, referral, coordinator, now, ending):
    enter(client, referral)
    if ending == "withdraw":
        referrals.withdraw(referral=referral, reason="Non.", by=coordinator, now=now)
    elif ending == "expire":
        Referral.objects.update(token_until=now - timedelta(seconds=1))
    else:
        Referral.objects.update(state=State.CLOSED)
    token = access.token_of(referral) or UNKNOWN
    for name in ("sheet", "pdf"):
        assert client.get(url(name, token)).status_code == 302
    client.post(url("act", token, "clore"), {"result": "help_in_place", "text": "Fait."})
    assert not Referral.objects.filter(state=State.ANSWERED).exists()


def test_a_coordinators_own_session_is_no_key(client_of, coordinator, referral):
    assert client_of(coordinator).get(url("sheet", referral)).status_code == 302


# What the partner does ------------------------------------------------------------------------------------------


def test_the_partner_acknowledges_takes_charge_comments_and_closes(client, referral):
    enter(client, referral)

    def do(act, **data):
        return client.post(url("act", referral, act), data)

    assert do("accuser").status_code == 302
    assert do("prendre-en-charge").status_code == 302
    assert do("commenter", text="Nous passons jeudi.").status_code == 302
    refused = do("clore", result="", text="")
    assert refused.status_code == 200
    assert do("clore", result="help_in_place", text="Portage dès demain.").status_code == 302
    referral.refresh_from_db()
    assert referral.state == State.ANSWERED
    assert referral.answer == "Portage dès demain."
    page = text(client.get(url("sheet", referral)))
    assert "Votre réponse est transmise." in page
    assert "Prendre en charge" not in page
    assert "Nous passons jeudi." in page


def test_declining_shuts_the_link(client, referral):
    enter(client, referral)
    response = client.post(url("act", referral, "decliner"), {"reason": "Hors de notre commune."})
    assert "nous cherchons un autre partenaire" in text(response)
    assert client.get(url("sheet", referral)).status_code == 302
    referral.refresh_from_db()
    assert (referral.state, referral.decline_reason) == (State.DECLINED, "Hors de notre commune.")


def test_a_double_click_answers_once_and_says_what_is_true(client, referral):
    enter(client, referral)
    client.post(url("act", referral, "accuser"))
    response = client.post(url("act", referral, "accuser"), follow=True)
    assert response.status_code == 200
    assert referral.events.filter(action="acknowledged").count() == 1


@pytest.mark.parametrize("act", ["accuser", "prendre-en-charge", "clore", "decliner", "commenter"])
@pytest.mark.parametrize("data", [{}, {"text": "a\x00b", "reason": "\x00", "result": "x" * 900}])
def test_odd_answers_never_break_the_page(client, referral, act, data):
    enter(client, referral)
    assert client.post(url("act", referral, act), data).status_code in (200, 302)


def test_unknown_acts_and_wrong_methods_are_refused(client, referral):
    enter(client, referral)
    assert client.post(url("act", referral, "approuver")).status_code == 404
    assert client.get(url("act", referral, "accuser")).status_code == 405
    assert client.post(url("sheet", referral)).status_code == 405
    assert client.delete(url("door", referral)).status_code == 405


def test_a_form_from_another_site_is_refused(referral):
    client = StrictClient(enforce_csrf_checks=True)
    assert client.post(url("door", referral)).status_code == 403
    assert not PartnerCode.objects.exists()


def test_every_opening_is_journaled_and_shown(client, client_of, coordinator, referral):
    enter(client, referral)
    client.get(url("sheet", referral))
    client.get(url("sheet", referral))
    client.get(url("pdf", referral))
    rows = JournalEntry.objects.filter(object_id=referral.pk, actor="partner").values_list("action", flat=True)
    assert list(rows).count("referral.opened") == 2
    assert list(rows).count("referral.downloaded") == 1
    assert referral.events.filter(action="opened").count() == 1
    page = text(client_of(coordinator).get(reverse("coordinator:referral", args=[referral.pk])))
    assert "Fiche consultée par le partenaire" in page


def test_a_third_person_is_shown_only_with_their_agreement(client, referral):
    Referral.objects.update(contact_person="Mme Voisine", contact_agrees=False)
    enter(client, referral)
    assert "Mme Voisine" not in text(client.get(url("sheet", referral)))
    Referral.objects.update(contact_agrees=True)
    assert "Mme Voisine" in text(client.get(url("sheet", referral)))


def test_the_partner_sees_no_name_of_those_who_called_or_coordinated(client, referral, coordinator):
    enter(client, referral)
    page = text(client.get(url("sheet", referral)))
    assert coordinator.last_name not in page
    assert coordinator.email not in page


# Headers -------------------------------------------------------------------------------------------------------


def test_nothing_is_cached_listed_or_told_elsewhere(client, referral):
    enter(client, referral)
    for name in ("door", "code", "sheet", "pdf"):
        headers = client.get(url(name, referral)).headers
        assert "no-store" in headers["Cache-Control"]
        assert "noindex" in headers["X-Robots-Tag"]
        assert headers["Referrer-Policy"] == "same-origin"
    page = text(client.get(url("sheet", referral)))
    assert not re.search(r'(?:href|src|action)="https?://', page)
    assert '<meta name="robots" content="noindex' in page


def test_the_pdf_is_tagged_and_named_by_its_reference(client, referral):
    enter(client, referral)
    response = client.get(url("pdf", referral))
    assert response.content.startswith(b"%PDF-")
    assert b"StructTreeRoot" in response.content
    assert b"pdfuaid" in response.content
    assert response.headers["Content-Disposition"] == f'inline; filename="{referral.reference}.pdf"'


def test_the_sheet_costs_a_known_number_of_queries(client, referral, max_queries):
    enter(client, referral)
    client.get(url("sheet", referral))
    with max_queries(16):
        client.get(url("sheet", referral))


def test_a_referral_approved_but_not_yet_noticed_as_sent_can_be_answered(client, coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    enter(client, referral)
    client.post(url("act", referral, "accuser"))
    referral.refresh_from_db()
    assert referral.state == State.ACKNOWLEDGED
    assert referral.sent_at is not None


def test_wrong_codes_count_even_when_nobody_asked_for_one(client, referral):
    assert client.post(url("code", referral), {"code": "123456"}).status_code == 200
    assert not access.check_code(referral=referral, code="123456", now=timezone.now())


def test_one_address_asks_and_types_only_so_many_codes(client, referral):
    for _ in range(30):
        assert client.post(url("door", UNKNOWN)).status_code == 302
        assert client.post(url("code", UNKNOWN), {"code": "123456"}).status_code == 200
    # The living link and the dead one are refused alike, and a new code is not even drawn.
    for token in (UNKNOWN, access.token_of(referral)):
        refused = client.post(url("door", token))
        assert refused.status_code == client.post(url("code", token), {"code": "123456"}).status_code == 429
        assert refused["Cache-Control"] == "no-store, private"
    assert not PartnerCode.objects.exists()
    assert client.get(url("door", referral)).status_code == 200
