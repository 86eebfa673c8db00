"""An installation of the version before keeps what it holds when it is upgraded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from django.conf import settings

from tests.spare import ask_server

BEFORE = [("campaigns", "0002_initial"), ("solidarites", "0001_initial")]
FILL = f"""
import django; django.setup()
from datetime import date
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
before = {BEFORE!r}
executor.migrate(before + [n for n in executor.loader.graph.leaf_nodes() if n[0] not in dict(before)])
apps = executor.loader.project_state(before + [("tenants", "0001_initial")]).apps
user = apps.get_model("solidarites", "User").objects.create(email="lea@exemple.fr")
campaigns = [
    apps.get_model("campaigns", "Campaign").objects.create(name=slug, slug=slug) for slug in ("froid", "chaud", "doux")
]
# « froid » is in preparation: it had taken a household and its follow-up from « doux », which calls.
campaigns[2].status = "open"
campaigns[2].save()
landlord = apps.get_model("tenants", "Landlord").objects.create(code="demo", name="Bailleur")
households = apps.get_model("tenants", "Household").objects
case = apps.get_model("campaigns", "Case").objects
taken, called, over = (households.create(landlord=landlord) for _ in range(3))
case.create(campaign=campaigns[2], household=taken, status="closed", closed_reason="taken_over")
moved = case.create(campaign=campaigns[0], household=taken)
case.create(campaign=campaigns[2], household=called)
case.create(campaign=campaigns[0], household=over, status="closed")
apps.get_model("campaigns", "FollowUpPlan").objects.create(
    case=moved, household=taken, time="10:00", starts_on=date(2026, 3, 1), review_on=date(2026, 4, 1)
)
member = apps.get_model("campaigns", "CampaignVolunteer").objects
march, may = (date(2026, 3, 1), date(2026, 3, 8)), (date(2026, 5, 2), None)
for campaign, (first, last) in zip(campaigns, (march, march, may)):
    member.create(user=user, campaign=campaign, absent_from=first, absent_until=last)
"""
READ = """
import django; django.setup()
from campaigns.models import Absence
for one in Absence.objects.order_by("first_day"):
    print(one.user.email, one.first_day, one.last_day)
"""
READ_CASES = """
import django; django.setup()
from django.utils import timezone
from campaigns import followups
from campaigns.models import Alert, Case
for one in Case.objects.order_by("pk"):
    print(one.campaign.slug, one.status)
print(followups.watch_stranded(now=timezone.now()), Alert.objects.get().case.campaign.slug)
"""


@dataclass
class Base:
    """An installation of its own: a folder, a database, commands run in processes of their own."""

    folder: Path
    url: str

    def run(self, *arguments: str, fails: bool = False, **more: str) -> str:
        """What the command printed; with ``fails``, what it said as it stopped."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        environment |= {
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "solidarites.settings",
            **more,
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stderr[-3000:]
        return done.stderr if fails else done.stdout


@contextmanager
def base_in(folder: Path) -> Iterator[Base]:
    """On SQLite; on PostgreSQL, in a database made for it, when the tests run there."""
    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        yield Base(folder, f"sqlite:///{folder / 'before.sqlite3'}")
        return
    name = f"upgrade_{uuid4().hex[:12]}"
    ask_server(f'CREATE DATABASE "{name}"')
    yield Base(folder, urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}")))
    ask_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Base]:
    with base_in(tmp_path) as base:
        yield base


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """Upgraded once for those that look at it: each reads its own rows."""
    with base_in(tmp_path_factory.mktemp("upgraded")) as base:
        base.run("-c", FILL)
        base.run("manage.py", "migrate", "--verbosity", "0")
        yield base


def test_absences_noted_before_are_kept_once(upgraded: Base) -> None:
    assert upgraded.run("-c", READ).splitlines() == [
        "lea@exemple.fr 2026-03-01 2026-03-08",
        "lea@exemple.fr 2026-05-02 None",
    ]


def test_the_cases_of_a_draft_are_in_nobodys_way_and_the_plan_it_took_is_told(upgraded: Base) -> None:
    assert upgraded.run("-c", READ_CASES).splitlines() == [
        "doux closed",
        "froid prepared",
        "doux open",
        "froid closed",
        "1 froid",
    ]


# A base that has lived with release 0.2 ----------------------------------------------------------------------
RELEASE_0_2 = [
    ("campaigns", "0005_messages_to_review"),
    ("solidarites", "0002_release_0_2"),
    ("tenants", "0001_initial"),
]
FACTOR, PASSWORD = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU", "une-phrase-facile-a-retenir"
LIVED_IN = f"""
import django; django.setup()
from datetime import date, datetime, timedelta, timezone
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
before = {RELEASE_0_2!r}
then = before + [node for node in executor.loader.graph.leaf_nodes() if node[0] not in dict(before)]
executor.migrate(then)
apps = executor.loader.project_state(then).apps
model = lambda label: apps.get_model(label).objects
now = datetime.now(timezone.utc).replace(microsecond=0)
nadia = model("solidarites.User").create(email="nadia@exemple.fr", password=make_password({PASSWORD!r}))
nadia.groups.add(model("auth.Group").get_or_create(name="coordinator")[0])
paul = model("solidarites.User").create(email="paul@exemple.fr")
paul.groups.add(model("auth.Group").get_or_create(name="volunteer")[0])
model("mfa.Authenticator").create(user=nadia, type="totp", data={{"secret": {FACTOR!r}}})
model("account.EmailAddress").create(user=nadia, email=nadia.email, verified=True, primary=True)
landlord = model("tenants.Landlord").create(code="b", name="Bailleur")
residence = model("tenants.Residence").create(landlord=landlord, reference="R", name="Les Pins")
household = model("tenants.Household").create(landlord=landlord, residence=residence, street="3 rue des Pins")
tenant = model("tenants.Tenant").create(
    household=household, landlord=landlord, reference="L1", last_name="DURAND", first_name="Anne",
    birth_date=date(1940, 5, 2),
)
phone = model("tenants.PhoneNumber").create(household=household, e164="+33536490001")
campaign = model("campaigns.Campaign").create(name="Froid", slug="froid", status="open", starts_on=date(2026, 1, 5))
model("campaigns.CampaignVolunteer").create(user=paul, campaign=campaign)
case = model("campaigns.Case").create(
    campaign=campaign, household=household, status="open", last_outcome="completed", attempts=1, reached_at=now
)
call = model("campaigns.Call").create(
    case=case, volunteer=paul, phone=phone, state="recorded", outcome="completed", is_attempt=True,
    started_at=now - timedelta(days=3), recorded_at=now - timedelta(days=3), comment="Remercie de l'appel.",
    answers={{"sante": {{str(tenant.pk): "bien"}}}},
)
plan = model("campaigns.FollowUpPlan").create(
    case=case, household=household, cadence="weekly", weekdays=[2], time="10:30", volunteer=paul,
    starts_on=date(2026, 1, 7), review_on=date(2026, 2, 18),
    next_due_at=datetime(2030, 1, 9, 9, 30, tzinfo=timezone.utc),
)
model("campaigns.DueCall").create(plan=plan, case=case, due_at=now - timedelta(days=2), grace_until=now, state="done")
partner = model("campaigns.Partner").create(kind="ccas", name="CCAS", email="ccas@exemple.fr")
referral = model("campaigns.Referral").create(
    reference="S-2026-1", case=case, tenant=tenant, partner=partner, state="sent",
    sent_at=now, token="seed" * 8, token_until=now + timedelta(days=9),
)
need = model("campaigns.Need").create(case=case, call=call, category="courses", level="U2")
referral.needs.add(need)
check = model("campaigns.WelfareCheck").create(
    case=case, origin="exhausted", level="U2", due_at=now + timedelta(days=1)
)
made = model("campaigns.CaretakerRound").create(
    residence=residence, token="porte" * 8, expires_at=now + timedelta(days=2)
)
model("campaigns.CaretakerVisit").create(round=made, check_row=check)
"""
READ_LIVED_IN = f"""
import django; django.setup()
import time
from django.conf import settings
from django.test import Client
from django.utils import timezone
from campaigns import followups
from campaigns.referrals import access
from campaigns.models import Call, Case, DueCall, FollowUpPlan, Need, Referral
from tests.totp import code_of
settings.ALLOWED_HOSTS = ["testserver"]
plan = FollowUpPlan.objects.select_related("case__campaign").get()
print(plan.status, plan.cadence, plan.weekdays, plan.time, plan.next_due_at.isoformat(), plan.volunteer)
print(followups.next_due(plan, plan.next_due_at).isoformat(), DueCall.objects.get().state)
call = Call.objects.get()
print(call.state, call.outcome, list(call.answers["sante"].values()), call.comment, call.phone.e164, call.volunteer)
print(Case.objects.get().status, Need.objects.get().referrals.get().reference, Referral.objects.get().state)
partner = Client().get(f"/p/{{access.token_of(Referral.objects.get())}}/")
print(partner.status_code, access.find("seed" * 8, timezone.now()))
print(access.find(access.token_of(Referral.objects.get()), timezone.now()).reference)
doors = Client().get("/gardien/" + "porte" * 8 + "/")
print(doors.status_code, "Durand" in doors.content.decode().title())
signing_in = Client()
answer = signing_in.post("/connexion/", {{"login": "nadia@exemple.fr", "password": {PASSWORD!r}}})
asked = answer.headers["Location"]
print(answer.status_code, asked)
answer = signing_in.post(asked, {{"code": code_of({FACTOR!r}, at=time.time() + 30)}})
print(answer.status_code, answer.headers.get("Location"))
"""


def test_what_release_0_2_had_told_and_promised_is_all_there(installation: Base) -> None:
    """Plans and their hours, calls and their answers, referrals; links already sent and second factors still open."""
    installation.run("-c", LIVED_IN)
    installation.run("manage.py", "migrate", "--verbosity", "0")
    assert installation.run("-c", READ_LIVED_IN, DEBUG="1").splitlines() == [
        "active weekly [2] 10:30:00 2030-01-09T09:30:00+00:00 paul",
        "2030-01-16T09:30:00+00:00 done",
        "recorded completed ['bien'] Remercie de l'appel. +33536490001 paul",
        "open S-2026-1 sent",
        "200 None",
        "S-2026-1",
        "200 True",
        "302 /compte/second-facteur/code/",
        "302 /tableau-de-bord/",
    ]


# Second factors ----------------------------------------------------------------------------------------------
SECRET, SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "5eed" * 20
FACTORS_IN_CLEAR = f"""
import django; django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
before = [("solidarites", "0003_installation"), ("mfa", "0003_authenticator_type_uniq")]
executor.migrate(before)
apps = executor.loader.project_state(before).apps
user = apps.get_model("solidarites", "User").objects.create(email="nadia@exemple.fr")
factors = apps.get_model("mfa", "Authenticator").objects
factors.create(user=user, type="totp", data={{"secret": "{SECRET}"}})
factors.create(user=user, type="recovery_codes", data={{"seed": "{SEED}", "used_mask": 1, "migrated_codes": ["abc"]}})
"""
READ_FACTORS = """
import django; django.setup()
import time
from allauth.mfa.models import Authenticator
from tests.totp import code_of
totp, recovery = Authenticator.objects.order_by("-type")
# Of the half minute to come: accepted however slow the machine.
code = code_of(SECRET, at=time.time() + 30)
print(SECRET in str(totp.data), SEED in str(recovery.data), "abc" in str(recovery.data), recovery.data["used_mask"])
print(totp.wrap().validate_code(code), recovery.wrap().get_unused_codes())
"""
NOTE_THE_KEY = """
import django; django.setup()
from solidarites import privacy
from solidarites.models import Installation
Installation.objects.create(pk=1, privacy_key=privacy.fingerprint())
"""
READ_RAW = """
import django; django.setup()
from allauth.mfa.models import Authenticator
print([one.data for one in Authenticator.objects.order_by("-type")])
"""


def test_second_factors_kept_in_clear_are_encrypted_and_their_codes_go_on(installation: Base) -> None:
    installation.run("-c", FACTORS_IN_CLEAR)
    installation.run("manage.py", "migrate", "--verbosity", "0")
    said = installation.run("-c", READ_FACTORS.replace("SECRET", repr(SECRET)).replace("SEED", repr(SEED)))
    assert said.splitlines() == ["False False False 1", "True ['abc']"]
    # Run again it changes nothing; taken back, the version before reads its own.
    installation.run("manage.py", "migrate", "solidarites", "0003", "--verbosity", "0")
    assert installation.run("-c", READ_RAW).strip() == str(
        [{"secret": SECRET}, {"seed": SEED, "used_mask": 1, "migrated_codes": ["abc"]}]
    )


def test_second_factors_are_never_encrypted_under_another_key_than_that_of_the_base(installation: Base) -> None:
    installation.run("-c", FACTORS_IN_CLEAR)
    installation.run("-c", NOTE_THE_KEY)
    refused = installation.run("manage.py", "migrate", "solidarites", PRIVACY_KEY="une autre", fails=True)
    assert "PRIVACY_KEY n’est pas celle de cette base" in refused
    assert "Traceback" not in refused
    assert SECRET in installation.run("-c", READ_RAW)


# Links and codes -------------------------------------------------------------------------------------------------
LINKS_IN_CLEAR = """
import django; django.setup()
from datetime import timedelta
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
executor = MigrationExecutor(connection)
before = [("campaigns", "0006_kept_calls"), ("solidarites", "0003_installation")]
executor.migrate(before)
apps = executor.loader.project_state(before).apps
soon = timezone.now() + timedelta(hours=1)
model = lambda label: apps.get_model(label).objects
landlord = model("tenants.Landlord").create(code="b", name="B")
residence = model("tenants.Residence").create(landlord=landlord, reference="R", name="R")
rounds = model("campaigns.CaretakerRound")
rounds.create(residence=residence, token="sent" * 10, expires_at=soon)
waiting = rounds.create(residence=residence, token="wait" * 10, expires_at=soon)
household = model("tenants.Household").create(landlord=landlord)
campaign = model("campaigns.Campaign").create(name="c", slug="c")
case = model("campaigns.Case").create(campaign=campaign, household=household)
referral = model("campaigns.Referral").create(reference="S-1", case=case)
model("campaigns.PartnerCode").create(referral=referral, code_hash="h" * 64, tries=3, expires_at=soon)
mails = model("solidarites.OutgoingMail")
mails.create(key=f"caretaker:{waiting.pk}", message_id="1", to="a@b.fr", template="caretaker_round", next_try_at=soon)
mails.create(
    key="code", message_id="2", to="a@b.fr", template="referral_code", next_try_at=soon, context={"code": "123456"}
)
"""
READ_LINKS = """
import django; django.setup()
from django.utils import timezone
from campaigns.welfare import caretakers
from campaigns.models import CaretakerRound, PartnerCode
from solidarites.models import OutgoingMail
sent, waiting = CaretakerRound.objects.order_by("pk")
print(sent.token_hash == caretakers.hash_of("sent" * 10), repr(caretakers.link_of(sent)))
print("wait" in waiting.token_hash, caretakers.token_of(waiting) in caretakers.link_of(waiting))
code, mail = PartnerCode.objects.get(), OutgoingMail.objects.get(key="code")
print(code.expires_at <= timezone.now(), code.tries, mail.context, mail.state)
"""
OPENS = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT token FROM campaigns_caretakerround ORDER BY id")
    print([len(token) for (token,) in cursor.fetchall()])
"""


def test_links_already_sent_still_open_and_nothing_in_the_table_makes_one(installation: Base) -> None:
    installation.run("-c", LINKS_IN_CLEAR)
    installation.run("manage.py", "migrate", "--verbosity", "0")
    assert installation.run("-c", READ_LINKS).splitlines() == [
        "True ''",
        "False True",
        "True 3 {} cancelled",
    ]
    installation.run("manage.py", "migrate", "campaigns", "0006", "--verbosity", "0")
    # Taken back, the hash itself is no link.
    assert installation.run("-c", OPENS).strip() == "[43, 64]"


# What messages and alerts are about ------------------------------------------------------------------------------
MAIL_KEYS = """
import django; django.setup()
from datetime import datetime, timezone
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
before = [("solidarites", "0005_accounts_and_journal")]
executor.migrate(before)
mails = executor.loader.project_state(before).apps.get_model("solidarites", "OutgoingMail").objects
for key in KEYS:
    mails.create(key=key, message_id=key, to="a@b.fr", template="x", next_try_at=datetime.now(timezone.utc))
"""
READ_MAILS = """
import django; django.setup()
from solidarites.models import OutgoingMail
for one in OutgoingMail.objects.order_by("pk"):
    print(one.key, one.object_type or "-", one.object_id, one.day)
"""
MAILS = {
    "alert:3:raised:1": "campaigns.alert 3 None",
    "alerts:4:reminder2:1": "campaigns.alert 4 None",
    "referral:5:sent:1": "campaigns.referral 5 None",
    "referral:5:sent:1:alone:2": "campaigns.referral 5 None",
    "welfare:6:overdue:20260105100000:1": "campaigns.welfarecheck 6 None",
    "caretaker:7": "campaigns.caretakerround 7 None",
    "debrief:8:asked:1": "campaigns.debrief 8 None",
    "due_call_given:9:1": "campaigns.duecall 9 None",
    "follow_up_tomorrow:1:2026-01-06": "solidarites.user 1 2026-01-06",
    "follow_up_week:1:2026-01-05": "solidarites.user 1 2026-01-05",
    "follow_up_given:1:2026-01-05:3": "solidarites.user 1 2026-01-05",
    "invitation:10:1767600000.000000": "solidarites.invitation 10 None",
    "notice:1:0b1e": "solidarites.user 1 None",
    "password:1:0b1e": "solidarites.user 1 None",
    "essai": "- None None",
}


def test_what_a_message_is_about_is_read_in_its_key_once(installation: Base) -> None:
    installation.run("-c", MAIL_KEYS.replace("KEYS", repr(list(MAILS))))
    installation.run("manage.py", "migrate", "--verbosity", "0")
    assert installation.run("-c", READ_MAILS).splitlines() == [f"{key} {said}" for key, said in MAILS.items()]


ALERT_KEYS = """
import django; django.setup()
from datetime import date, datetime, timezone
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
before = [("campaigns", "0011_outcomes_and_close_reasons"), ("solidarites", "0005_accounts_and_journal")]
executor.migrate(before)
apps = executor.loader.project_state(before).apps
model = lambda label: apps.get_model(label).objects
now = datetime.now(timezone.utc)
landlord = model("tenants.Landlord").create(code="b", name="B")
residence = model("tenants.Residence").create(landlord=landlord, reference="R", name="R")
household = model("tenants.Household").create(landlord=landlord, residence=residence)
# No number is that of another thing: a column filled with the wrong one would show.
tenant = model("tenants.Tenant").create(pk=101, household=household, landlord=landlord, last_name="DURAND")
campaign = model("campaigns.Campaign").create(pk=102, name="c", slug="c")
case = model("campaigns.Case").create(campaign=campaign, household=household)
call = model("campaigns.Call").create(pk=103, case=case)
model("campaigns.CallRevision").create(pk=104, call=call, at=now)
model("campaigns.CaseMessage").create(pk=105, case=case, text="x", at=now)
plan = model("campaigns.FollowUpPlan").create(
    pk=106, case=case, household=household, time="10:00", starts_on=date(2026, 3, 1), review_on=date(2026, 4, 1)
)
model("campaigns.DueCall").create(pk=107, plan=plan, case=case, due_at=now, grace_until=now)
check = model("campaigns.WelfareCheck").create(pk=108, case=case, origin="exhausted", due_at=now)
made = model("campaigns.CaretakerRound").create(residence=residence, token_hash="h" * 64, expires_at=now)
model("campaigns.CaretakerVisit").create(pk=109, round=made, check_row=check)
model("campaigns.NeighbourReport").create(pk=110, received_at=now)
model("campaigns.Referral").create(pk=111, reference="S-1", case=case)
for number, key in ((112, "referral:111:sent:1"), (113, "referral:111:sent:1:alone:2"), (114, "invitation:1:x")):
    model("solidarites.OutgoingMail").create(
        pk=number, key=key, message_id=key, to="a@b.fr", template="x", next_try_at=now
    )
alerts = model("campaigns.Alert")
for key, kind in KEYS.items():
    alerts.create(key=key, kind=kind, case=case, campaign=campaign)
for number in range(1100):
    alerts.create(key=f"welfare:{1000 + number}", kind="welfare_overdue", case=case, campaign=campaign)
alerts.create(key="welfare:108", kind="welfare_overdue", case=case, campaign=campaign, solved_at=now)
"""
READ_ALERTS = """
import django; django.setup()
from campaigns.models import Alert, key_of
COLUMNS = (
    *("call_id", "question", "choice", "tenant_id", "revision_id", "message_id", "due_call_id", "plan_id"),
    *("welfare_check_id", "visit_id", "report_id", "referral_id", "mail_id", "task"),
)
def said(alert):
    return " ".join(f"{name}={value}" for name in COLUMNS if (value := getattr(alert, name)))
gone = Alert.objects.filter(key__regex="^welfare:[0-9]{4}$")
for one in Alert.objects.exclude(pk__in=gone).order_by("pk"):
    print(one.key, said(one) or "-")
    # Raised again it has the same name, as long as its rows are there; that of a referral changes with its state.
    whole = said(one) and "999" not in one.key and "reminder" not in one.key
    if whole and one.kind not in ("referral_unanswered", "referral_waiting"):
        assert key_of(one) == one.key, (key_of(one), one.key)
print({said(one) for one in gone}, gone.count())
"""
# {key: (kind, the columns that say it)}
ALERTS = {
    "call:103:button": ("button", "call_id=103"),
    "call:103:sante.mal:101": ("answer", "call_id=103 question=sante choice=mal tenant_id=101"),
    "call:103:froid.oui:": ("answer", "call_id=103 question=froid choice=oui"),
    "call:103:froid.oui:999": ("answer", "call_id=103 question=froid choice=oui"),
    "call:999:froid.oui:101": ("answer", "question=froid choice=oui tenant_id=101"),
    "kept:103": ("kept_call", "call_id=103"),
    "correction:104": ("correction", "revision_id=104"),
    "message:105": ("message", "message_id=105"),
    "plan:106:stranded": ("stranded_follow_up", "plan_id=106"),
    "due_call:107": ("missed_follow_up", "due_call_id=107"),
    "due_call:107:unanswered": ("unanswered_follow_up", "due_call_id=107"),
    "welfare:108": ("welfare_overdue", "welfare_check_id=108"),
    "caretaker:109": ("caretaker", "visit_id=109"),
    "neighbour:110": ("neighbour", "report_id=110"),
    "referral:111:sent:1": ("referral_unanswered", "referral_id=111"),
    "referral:111:declined:1": ("referral_waiting", "referral_id=111"),
    "referral:111:mail:sent:1": ("mail_failed", "referral_id=111 mail_id=112"),
    "referral:111:mail:sent:1:alone:2": ("mail_failed", "referral_id=111 mail_id=113"),
    "referral:111:mail:reminder:1:1": ("mail_failed", "referral_id=111"),
    "mail:114": ("mail_failed", "mail_id=114"),
    "task:campaigns.tasks.watch_mail:U1": ("task_failed", "task=campaigns.tasks.watch_mail"),
    "purge:102": ("purge_waiting", "-"),
    "essai": ("button", "-"),
}


def test_what_raised_an_alert_is_read_in_its_key_once(installation: Base) -> None:
    """More of them than a chunk; what is gone leaves its column empty; raised again, each is the same alert."""
    kinds = {key: kind for key, (kind, _) in ALERTS.items()}
    installation.run("-c", ALERT_KEYS.replace("KEYS", repr(kinds)))
    installation.run("manage.py", "migrate", "--verbosity", "0")
    assert installation.run("-c", READ_ALERTS).splitlines() == [
        *(f"{key} {columns}" for key, (_, columns) in ALERTS.items()),
        "welfare:108 welfare_check_id=108",
        "{''} 1100",
    ]
    installation.run("manage.py", "migrate", "campaigns", "0011", "--verbosity", "0")
