"""The whole demonstration, part by part: a part that is there is kept."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.db import transaction

from campaigns.demo import accounts, base, confinement, hours, institutions, lists, places, winter
from campaigns.demo import team as team_life
from campaigns.demo.post import nowhere, send_waiting
from campaigns.models import Campaign
from campaigns.public import loading
from campaigns.setup import lifecycle
from solidarites.celery import app
from solidarites.models import User
from tenants.models import Agency, Landlord

SEED = 2320
SPRING, WINTER = confinement.SLUG, winter.SLUG
PARIS = ZoneInfo("Europe/Paris")
Say = Callable[[str], None]
# How many lines each says, for whoever shows how far it is: its beginning and thirteen days; its beginning and end.
LINES = {SPRING: 14, WINTER: 2}


@contextmanager
def by_ourselves() -> Iterator[None]:
    """No message to a broker, no mail to anybody, no log of it: nothing of the past is left for a worker to do."""
    before = app.conf.task_always_eager
    app.conf.task_always_eager = True
    logging.disable(logging.WARNING)
    try:
        with nowhere():
            yield
    finally:
        logging.disable(logging.NOTSET)
        app.conf.task_always_eager = before


def seed(*, now: datetime, say: Say, draw: int = SEED, parts: Collection[str] = (SPRING, WINTER)) -> None:
    """Make what is missing; a campaign that is there is kept as it is.

    The same draw gives the same people. Each campaign is one transaction: a seeding that is stopped leaves no half of
    one, and the next makes it whole. Raises base.RealBase, and writes nothing, where there are real people.
    """
    base.refuse_a_real_base()
    now = now.replace(second=0, microsecond=0)
    with by_ourselves():
        people = accounts.make_known()
        landlord = institutions.make_landlord()
        institutions.make_partners((now - timedelta(days=40)).date())
        loading.load_defaults(now=now - timedelta(days=40))
        for part, make in ((SPRING, _spring), (WINTER, _winter)):
            if part not in parts:
                continue
            kept = Campaign.objects.filter(slug=part).first()
            if kept is not None:
                say(f"{kept.name} : déjà là, gardée.")
                continue
            with transaction.atomic():
                make(landlord, people, now, say, draw)


def _spring(landlord: Landlord, people: dict[str, User], now: datetime, say: Say, draw: int) -> None:
    say("Confinement, printemps 2020 : la liste, l'inscription, puis treize jours d'appels.")
    rng = random.Random(draw)
    maker = lists.ListMaker(rng)
    day = datetime(2020, 3, 12, 11, tzinfo=PARIS)
    coordinator, admin = people["coordination@exemple.fr"], people["admin@exemple.fr"]
    volunteers = accounts.make_volunteers(day, admin)
    rows = maker.rows(places.SPRING, confinement.HOUSEHOLDS, confinement.FIRST_DAY)
    lists.bring(rows, landlord=landlord, name="locataires-mars-2020.csv", by=admin, now=day)
    campaign = confinement.create(landlord, volunteers, coordinator)
    confinement.Spring(campaign, volunteers, coordinator, rng, say).live()
    confinement.check(campaign)
    evening = datetime(2020, 4, 2, 18, 12, tzinfo=PARIS)
    accounts.came_last(
        volunteers, (evening - timedelta(days=rng.choice((0, 0, 0, 1, 1, 2, 3, 6, 7)), minutes=13 * n) for n in count())
    )
    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now)


def _winter(landlord: Landlord, people: dict[str, User], now: datetime, say: Say, draw: int) -> None:
    say("Grand froid : douze jours d'appels, jusqu'à maintenant.")
    rng = random.Random(draw + 1)
    maker = lists.ListMaker(rng, first=100_000, numbers=range(7000, 9000))
    opened = now - timedelta(days=winter.DAYS)
    coordinator, admin = people["coordination@exemple.fr"], people["admin@exemple.fr"]
    everybody = accounts.make_volunteers(opened - timedelta(days=6), admin)
    speaker, *others = everybody[-10:]
    day = opened.date()
    rows = maker.rows(places.WINTER, winter.HOUSEHOLDS, day) + maker.rows([places.OUTSIDE], winter.OUTSIDE, day)
    lists.bring(rows, landlord=landlord, name="locataires-landes.csv", by=admin, now=opened - timedelta(days=3))
    agencies = list(Agency.objects.filter(landlord=landlord, name__in=[agency.name for agency in places.WINTER]))
    team = [people["benevole@exemple.fr"], people["benevole2@exemple.fr"], speaker, *others]
    campaign = winter.create(landlord, agencies, team, coordinator, now)
    winter.teach(campaign, speaker, coordinator, opened)
    winter.Winter(campaign, people, [speaker, *others], rng, now).live()
    winter.check(campaign)
    accounts.came_last(others, (hours.at_work(now - timedelta(hours=n, minutes=7 * n), PARIS) for n in count(2)))
    accounts.invite_some(admin, now)
    send_waiting(now)
    team_life.share(campaign, coordinator, team, now)
    say("Grand froid : en cours.")
