"""The partner's page attacked: guessing, brute force, replay, changed addresses, other sites, scanners, odd inputs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import referrals
from campaigns.models import PartnerCode, Referral, ReferralEvent
from campaigns.referrals import access
from campaigns.referrals.tests.referral_cast import make_partner, make_referral, send_all
from solidarites.models import JournalEntry, OutgoingMail
from tests.factories import make_case
from tests.strict import StrictClient

pytestmark = pytest.mark.django_db

State = Referral.State
UNKNOWN = "A" * 64
NAMES = ("door", "code", "sheet", "pdf")


@pytest.fixture
def now():
    """The pages read the clock themselves."""
    return timezone.now()


@pytest.fixture
def referral(coordinator, now):
    return make_referral(coordinator, now, state=State.SENT)


def url(name, link, *args):
    return reverse(f"partner:{name}", args=[link if isinstance(link, str) else access.token_of(link), *args])


def last_code():
    row = OutgoingMail.objects.filter(template="referral_code").latest("pk")
    return access.code_of(PartnerCode.objects.get(pk=row.context["code_id"]))


def wrong_code():
    return f"{(int(last_code()) + 1) % 1_000_000:06d}"


def enter(client, referral):
    client.post(url("door", referral))
    assert client.post(url("code", referral), {"code": last_code()}).status_code == 302


def shut(referral, coordinator, now, how):
    """Close the link the way the product does."""
    by = {"by": coordinator, "now": now}
    match how:
        case "withdrawn":
            referrals.withdraw(referral=referral, reason="Ne veut plus.", **by)
        case "declined":
            referrals.decline(referral=referral, reason="Trop loin.", by=None, now=now)
        case "rerouted":
            referrals.decline(referral=referral, reason="Trop loin.", by=None, now=now)
            other = make_partner("Mairie", email="mairie@ville.exemple.fr")
            referrals.reroute(referral=referral, partner=other, **by)
            referrals.approve(referral=referral, **by)
        case "closed":
            referrals.take_charge(referral=referral, by=None, now=now)
            referrals.answer(referral=referral, result="help_in_place", text="Fait.", by=None, now=now)
            referrals.close(referral=referral, reason="help_in_place", no_call_back_reason="Hospitalisée.", **by)
        case "expired":
            Referral.objects.update(token_until=now - timedelta(seconds=1))


ENDINGS = ["withdrawn", "declined", "rerouted", "closed", "expired"]


# Guessing and enumerating -----------------------------------------------------------


def test_a_token_cannot_be_made_from_the_database_nor_from_another(referral, coordinator, now, campaign):
    token = access.token_of(referral)
    other = access.token_of(make_referral(coordinator, now, state=State.SENT, case=make_case(campaign, now=now)))
    assert len(token) == 64
    assert access.find(token, now) == referral
    row = Referral.objects.filter(pk=referral.pk).values().get()
    stored = {str(value) for value in row.values()} | {str(one.context) for one in OutgoingMail.objects.all()}
    assert not [value for value in stored if token in value]
    forged = [
        row["token"],
        row["token"] * 2,
        token[:-1],
        token + "a",
        token[:-1] + ("0" if token[-1] != "0" else "1"),
        token.upper(),
        token.swapcase(),
        token[:32] + other[32:],
        other[:32] + token[32:],
        " " + token,
        token[32:],
        "",
        "-" + access._proof("-"),
    ]
    assert not [one for one in forged if access.find(one, now)]


def test_another_installations_key_makes_other_links(referral, settings, now):
    token = access.token_of(referral)
    settings.SECRET_KEY = "another-key-" * 6
    assert access.find(token, now) is None


@pytest.mark.parametrize("how", ENDINGS)
def test_dead_and_living_links_answer_the_same_and_cost_the_same(
    coordinator, now, campaign, referral, count_queries, how
):
    dead = access.token_of(referral)
    shut(referral, coordinator, now, how)
    living = make_referral(coordinator, now, state=State.SENT, case=make_case(campaign, now=now))

    def visit(token):
        """Every page, without a session; what they say, and the queries of those that must not differ."""
        client, said, costs = StrictClient(), [], []
        steps = [
            lambda: client.get(url("door", token)),
            lambda: client.head(url("door", token)),
            lambda: client.get(url("code", token)),
            lambda: client.post(url("code", token), {"code": "000000"}),
            lambda: client.get(url("sheet", token)),
            lambda: client.get(url("pdf", token)),
            lambda: client.post(url("act", token, "accuser")),
            lambda: client.post(url("act", token, "decliner"), {"reason": "x"}),
        ]
        for step in steps:
            with count_queries() as queries:
                page = step()
            html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page.content.decode("utf-8", "replace"))
            headers = {name: value for name, value in page.headers.items() if name != "Content-Security-Policy"}
            said.append((page.status_code, html.replace(token, "T"), str(headers).replace(token, "T")))
            costs.append(len(queries))
        return said, costs

    (said_dead, cost_dead), (said_living, cost_living) = visit(dead), visit(access.token_of(living))
    assert said_dead == said_living
    assert cost_dead == cost_living


def test_whoever_tries_tokens_is_stopped_and_learns_nothing(client, referral):
    statuses = [client.post(url("door", f"{number:064d}")).status_code for number in range(70)]
    assert set(statuses[:60]) == {302}
    assert set(statuses[60:]) == {429}
    assert client.post(url("door", referral)).status_code == 429
    assert not PartnerCode.objects.exists()


# Codes -----------------------------------------------------------


def test_tries_are_counted_whatever_the_browser_and_the_address(referral):
    StrictClient().post(url("door", referral))
    right, wrong = last_code(), wrong_code()
    for number in range(5):
        StrictClient(REMOTE_ADDR=f"203.0.113.{number}").post(url("code", referral), {"code": wrong})
    late = StrictClient(REMOTE_ADDR="198.51.100.7")
    assert late.post(url("code", referral), {"code": right}).status_code == 200
    assert late.get(url("sheet", referral)).status_code == 302


def test_a_forged_forwarding_header_does_not_renew_the_tries_of_an_address(referral):
    client = StrictClient()
    for number in range(60):
        client.post(url("code", UNKNOWN), {"code": "1"}, headers={"X-Forwarded-For": f"203.0.113.{number}"})
    forged = {"X-Forwarded-For": "198.51.100.9"}
    assert client.post(url("code", UNKNOWN), {"code": "1"}, headers=forged).status_code == 429


def test_a_machine_that_asks_for_code_after_code_never_has_more_than_twenty_guesses_a_day(referral, now):
    guesses = 0
    for minute in range(0, 24 * 60, 45):
        moment = now + timedelta(minutes=minute)
        access.send_code(referral=referral, now=moment)
        wrong = wrong_code()
        before = sum(PartnerCode.objects.values_list("tries", flat=True))
        assert not any(access.check_code(referral=referral, code=wrong, now=moment) for _ in range(access.TRIES + 1))
        guesses += sum(PartnerCode.objects.values_list("tries", flat=True)) - before
    assert guesses == access.WRONG_A_DAY


@pytest.mark.parametrize(
    "odd", ["", " ", "12345", "1234567", "１２３４５６", "٠١٢٣٤٥", "abc", "-1", "1e5", "0x1234", "9" * 20]
)
def test_odd_codes_open_nothing(client, referral, odd):
    client.post(url("door", referral))
    if odd.strip() != last_code():
        assert client.post(url("code", referral), {"code": odd}).status_code == 200
    assert client.get(url("sheet", referral)).status_code == 302


def test_several_codes_in_one_form_are_one_try(client, referral):
    client.post(url("door", referral))
    client.post(url("code", referral), {"code": [wrong_code(), wrong_code(), last_code()][:2]})
    assert PartnerCode.objects.get().tries == 1


# Replay -----------------------------------------------------------


@pytest.mark.parametrize("how", ENDINGS)
def test_after_its_end_neither_the_link_nor_the_session_nor_a_code_opens_anything(
    client, referral, coordinator, now, how
):
    enter(client, referral)
    token = access.token_of(referral)
    PartnerCode.objects.all().delete()
    client.post(url("door", token))
    unused = last_code()
    shut(referral, coordinator, now, how)
    before = Referral.objects.values().get(pk=referral.pk), ReferralEvent.objects.count()
    assert client.post(url("code", token), {"code": unused}).status_code == 200
    for name in ("sheet", "pdf"):
        assert client.get(url(name, token)).headers["Location"] == url("door", token)
    for act in ("accuser", "prendre-en-charge", "clore", "decliner", "commenter"):
        data = {"reason": "x", "text": "x", "result": "help_in_place"}
        assert client.post(url("act", token, act), data).headers["Location"] == url("door", token)
    assert (Referral.objects.values().get(pk=referral.pk), ReferralEvent.objects.count()) == before
    # And no further code leaves.
    codes = OutgoingMail.objects.filter(template="referral_code").count()
    PartnerCode.objects.all().delete()
    client.post(url("door", token))
    assert OutgoingMail.objects.filter(template="referral_code").count() == codes


def test_after_a_reroute_the_former_partners_session_does_not_read_the_new_sending(client, referral, coordinator, now):
    enter(client, referral)
    shut(referral, coordinator, now, "rerouted")
    referral.refresh_from_db()
    assert client.get(url("sheet", referral)).headers["Location"] == url("door", referral)


def test_a_used_code_is_worthless_in_any_browser(client, referral):
    enter(client, referral)
    for other in (client, StrictClient()):
        assert other.post(url("code", referral), {"code": last_code()}).status_code == 200


# Another partner's -----------------------------------------------------------


def test_no_changed_address_reaches_another_partners_referral(client, referral, coordinator, now, campaign):
    stranger = make_partner("Association", email="asso@exemple.fr")
    case = make_case(campaign, now=now)
    other = make_referral(coordinator, now, state=State.SENT, partner=stranger, case=case)
    enter(client, referral)
    mine, theirs = access.token_of(referral), access.token_of(other)
    for forged in (theirs, mine[:32] + theirs[32:], theirs[:32] + mine[32:], str(other.pk), other.reference):
        for name in ("sheet", "pdf"):
            assert client.get(url(name, forged)).status_code == 302
        for act in ("accuser", "decliner", "clore", "commenter"):
            client.post(url("act", forged, act), {"reason": "x", "text": "x", "result": "help_in_place"})
    # An id slipped into an own form changes nothing either.
    client.post(url("act", mine, "commenter"), {"text": "Vu.", "referral": other.pk, "id": other.pk, "pk": other.pk})
    other.refresh_from_db()
    assert other.state == State.SENT
    assert not other.events.filter(actor="partner").exists()
    # Nor does the stranger's code on one's own link.
    StrictClient().post(url("door", other))
    assert StrictClient().post(url("code", referral), {"code": last_code()}).status_code == 200


def test_a_partners_session_opens_nothing_else_of_the_site(client, referral):
    enter(client, referral)
    for path in (
        reverse("coordinator:referral", args=[referral.pk]),
        f"/dossiers/{referral.case_id}/",
        "/signalements/",
        "/alertes/",
        "/admin/",
        "/appels/",
        "/partenaires/",
    ):
        response = client.get(path)
        assert response.status_code in (302, 403, 404), path
        assert referral.tenant.last_name not in response.content.decode()
    assert "_auth_user_id" not in client.session


# Other sites, caches, engines, referrers -----------------------------------------------------------


def test_no_other_site_can_act_in_the_partners_name(referral):
    client = StrictClient(enforce_csrf_checks=True)
    page = client.get(url("door", referral))
    token = page.context["csrf_token"]
    assert client.post(url("door", referral), {"csrfmiddlewaretoken": str(token)}).status_code == 302
    code = {"code": last_code(), "csrfmiddlewaretoken": str(token)}
    assert client.post(url("code", referral), code).status_code == 302
    token = client.cookies["csrftoken"].value
    bad = [
        ({}, {}),
        ({"csrfmiddlewaretoken": token}, {"Origin": "https://ailleurs.exemple"}),
        ({"csrfmiddlewaretoken": token}, {"Origin": "null"}),
        ({"csrfmiddlewaretoken": "x" * 64}, {}),
    ]
    for data, headers in bad:
        for name, act in (("act", "accuser"), ("act", "decliner")):
            answer = client.post(url(name, referral, act), {**data, "reason": "x"}, headers=headers)
            assert answer.status_code == 403
    referral.refresh_from_db()
    assert referral.state == State.SENT
    assert client.post(url("act", referral, "accuser"), {"csrfmiddlewaretoken": token}).status_code == 302


def test_the_session_cookie_is_no_script_s_and_no_other_site_s(client, referral, settings):
    enter(client, referral)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["expires"], "it ends with the browser"


def test_every_answer_is_kept_by_no_cache_shown_in_no_frame_and_listed_by_no_engine(client, referral):
    def answers():
        yield from (client.get(url(name, referral)) for name in NAMES)
        yield client.post(url("door", referral))
        yield client.post(url("code", referral), {"code": "1"})
        yield client.post(url("act", referral, "accuser"))
        yield client.get(url("act", referral, "accuser"))
        yield client.put(url("door", referral))

    def check(response):
        assert response["Cache-Control"] == "no-store, private"
        assert "noindex" in response["X-Robots-Tag"]
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "ETag" not in response

    for response in answers():
        check(response)
    # The answers of before counted, as they should.
    PartnerCode.objects.all().delete()
    enter(client, referral)
    for response in answers():
        check(response)


def test_no_page_leads_or_loads_anything_elsewhere(client, referral):
    enter(client, referral)
    for name in ("door", "code", "sheet"):
        page = client.get(url(name, referral)).content.decode()
        assert not re.search(r'(?:href|src|action|content)="(?:https?:)?//', page)
        policy = client.get(url(name, referral))["Content-Security-Policy"]
        assert "default-src 'self'" in policy or "default-src 'none'" in policy


def test_the_robots_file_does_not_tell_the_links(client):
    assert "/p/" not in client.get("/robots.txt").content.decode()


# Scanners -----------------------------------------------------------


def test_a_scanner_that_opens_follows_and_prefetches_reveals_and_consumes_nothing(referral, now):
    robot = StrictClient(headers={"User-Agent": "MailScanner", "Purpose": "prefetch", "Sec-Purpose": "prefetch"})
    before = Referral.objects.values().get(pk=referral.pk)
    journal = JournalEntry.objects.count()
    for method in ("get", "head", "options"):
        for name in NAMES:
            page = getattr(robot, method)(url(name, referral), follow=method == "get")
            text = page.content.decode("utf-8", "replace")
            assert not [word for word in (referral.reference, referral.tenant.last_name) if word in text]
    for act in ("accuser", "prendre-en-charge", "decliner", "clore"):
        assert robot.get(url("act", referral, act)).status_code == 405
        assert robot.head(url("act", referral, act)).status_code == 405
    assert Referral.objects.values().get(pk=referral.pk) == before
    assert not PartnerCode.objects.exists()
    assert (JournalEntry.objects.count(), referral.events.filter(actor="partner").count()) == (journal, 0)
    # And a person after it gets in.
    enter(StrictClient(), referral)


def test_a_scanner_with_the_partners_cookies_acts_on_nothing(client, referral):
    enter(client, referral)
    for act in ("accuser", "prendre-en-charge", "decliner", "clore"):
        assert client.get(url("act", referral, act)).status_code == 405
    referral.refresh_from_db()
    assert referral.state == State.SENT


def test_a_robot_that_presses_the_button_only_sends_a_code_to_the_partner(referral):
    for _ in range(20):
        StrictClient().post(url("door", referral))
    row = OutgoingMail.objects.get(template="referral_code")
    assert row.to == referral.partner.email
    assert StrictClient().get(url("sheet", referral)).status_code == 302


# Sessions -----------------------------------------------------------


def test_a_session_fixed_by_another_is_not_the_one_that_opens(referral, settings):
    attacker = StrictClient()
    session = attacker.session
    session["x"] = 1
    session.save()
    fixed = session.session_key
    victim = StrictClient()
    victim.cookies[settings.SESSION_COOKIE_NAME] = fixed
    enter(victim, referral)
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != fixed
    thief = StrictClient()
    thief.cookies[settings.SESSION_COOKIE_NAME] = fixed
    assert thief.get(url("sheet", referral)).status_code == 302


@pytest.mark.parametrize("forged", [None, 1, "x", [], {}, {"partner": "1"}, {"partner": 1, "until": 9e12, "badge": ""}])
def test_an_odd_session_opens_nothing(client, referral, forged):
    session = client.session
    session["partner"] = forged
    session.save()
    assert client.get(url("sheet", referral)).status_code == 302


def test_signing_out_of_the_site_ends_the_partners_session_on_the_same_browser(client_of, coordinator, referral):
    browser = client_of(coordinator)
    enter(browser, referral)
    browser.post(reverse("account_logout"))
    assert browser.get(url("sheet", referral)).status_code == 302


# Odd inputs -----------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "-" * 64,
        "é" * 64,
        "A" * 20_000,
        "%00" * 22,
        "%ff%fe" * 20,
        "a%0d%0aSet-Cookie:%20x=1" + "a" * 60,
        "..%2f..",
    ],
)
def test_odd_links_are_pages_like_the_others(client, token):
    for path in ("", "code/", "fiche/", "fiche.pdf"):
        response = client.get(f"/p/{token}/{path}")
        assert response.status_code in ((404,) if len(token) > 10_000 else (200, 302, 404))
        assert "x" not in response.cookies
    assert client.post(f"/p/{token}/").status_code in (302, 404)
    assert client.post(f"/p/{token}/code/", {"code": "123456"}).status_code in (200, 404)


def test_very_long_and_strange_answers_are_kept_short_and_shown_as_text(client, referral):
    enter(client, referral)
    strange = "<script>alert(1)</script> {{ x }} \u202e\u0007" + "é" * 50_000
    for act in ("commenter", "clore", "decliner"):
        data = {"text": strange, "reason": strange, "result": "help_in_place"}
        assert client.post(url("act", referral, act), data).status_code in (200, 302)
    client.post(url("act", referral, "commenter"), {"text": "<b>gras</b> & <script>alert(1)</script>"})
    page = client.get(url("sheet", referral)).content.decode()
    assert "<script>alert" not in page
    assert "<b>gras" not in page
    assert max(len(note) for note in ReferralEvent.objects.values_list("note", flat=True)) <= 600


def test_no_name_nor_address_adds_a_header_to_a_message(coordinator, now, inbox, campaign):
    for number, (name, email) in enumerate(
        [("CCAS\r\nBcc: voleur@exemple.fr", "ccas@exemple.fr"), ("CCAS", "ccas@exemple.fr\r\nBcc: voleur@exemple.fr")]
    ):
        partner = make_partner(name, email=email, phone="")
        referral = make_referral(
            coordinator, now, state=State.APPROVED, partner=partner, case=make_case(campaign, now=now)
        )
        landlord = referral.case.household.landlord
        type(landlord).objects.update(spoken_name=f"Bailleur\r\nBcc: voleur{number}@exemple.fr")
        access.send_code(referral=referral, now=now)
    send_all(now)
    assert inbox.taken
    for one in inbox.taken:
        headers = one.content.split(b"\r\n\r\n")[0].lower()
        assert b"bcc" not in headers
        assert one.rcpt_tos == ["ccas@exemple.fr"]
    lost = OutgoingMail.objects.filter(state="failed")
    assert lost.count() == 2
    assert referrals.watch_referrals(now=now) >= 2, "what could not leave is told"


def test_subjects_and_file_names_hold_a_reference_alone(client, referral):
    enter(client, referral)
    named = client.get(url("pdf", referral))["Content-Disposition"]
    assert re.fullmatch(r'inline; filename="[A-Z]-\d{4}-\d+\.pdf"', named)
