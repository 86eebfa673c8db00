"""The poster's family for social networks: pictures, the words beside them, and what a shared address shows.

A landlord's page has an address of its own (``/voisins/<code>/``): a network shows this landlord's number beside it.
Nothing here names anybody.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from campaigns.common import documents
from campaigns.models import Campaign, Case
from campaigns.neighbours import posters
from campaigns.referrals.sending import spoken_number
from campaigns.welfare import letters
from solidarites import journal
from solidarites.models import User
from tenants.models import Landlord, Residence

# Width and height in pixels: what networks show whole in a thread, and beside a link.
SIZES = {"carre": (1080, 1080), "large": (1200, 630)}
# The one that the page's own tags name.
OF_A_LINK = "large"
TITLE = "Une voisine, un voisin vous inquiète\u00a0?"
SIGNS = "Volets fermés, courrier qui s'accumule, plus de nouvelles depuis quelques jours\u00a0?"
DANGER = "Danger immédiat\u00a0: le 15, le 18 ou le 112."
# Who signs where no landlord stands alone.
TEAM = "Appels solidaires aux locataires âgés"
RUNNING = (Campaign.Status.OPEN, Campaign.Status.PAUSED)
# A picture is drawn once a day, and again when what it says has changed.
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Share:
    """Who signs, the number and its hours when there is one, the page's address, the landlord's code."""

    sender: str
    number: str
    hours: str
    address: str
    code: str = ""

    @property
    def call(self) -> str:
        """« Appelez le 01 99 00 12 34 (tous les jours) », or nothing."""
        if not self.number:
            return ""
        number = self.number.replace(" ", "\u00a0")
        return f"Appelez le {number} ({self.hours})" if self.hours else f"Appelez le {number}"

    @property
    def description(self) -> str:
        """Beside a link, in two lines."""
        number = self.number.replace(" ", "\u00a0")
        how = f"Appelez le {number}, ou écrivez-nous ici." if number else "Écrivez-nous ici."
        return f"{SIGNS} Dites-le-nous\u00a0: nous prenons des nouvelles. {how}"

    @property
    def alternative(self) -> str:
        """The picture, for those who do not see it: all that it says."""
        page = self.address.partition("//")[2].rstrip("/")
        how = f"{self.call}, ou écrivez-nous sur {page}." if self.number else f"Écrivez-nous sur {page}."
        return f"Affiche de {self.sender}\u00a0: «\u00a0{TITLE}\u00a0» {SIGNS} Dites-le-nous. {how} {DANGER}"

    @property
    def short(self) -> str:
        """For a network that counts its characters."""
        number = self.number.replace(" ", "\u00a0")
        how = f"{number}, ou {self.address}" if number else self.address
        return f"{TITLE} {SIGNS} Dites-le-nous\u00a0: {how}\n{DANGER}"

    @property
    def long(self) -> str:
        """For a letter to residents, a newsletter, a page."""
        ways = [f"{self.call}."] if self.number else []
        ways.append(f"{'Ou écrivez-nous' if self.number else 'Écrivez-nous'}\u00a0: {self.address}")
        return "\n\n".join(
            [
                TITLE,
                f"{SIGNS} Vous connaissez peut-être une personne âgée qui vit seule, et qui n'ose pas demander. "
                "Dites-le-nous\u00a0: une personne de l'équipe lit chaque message, et fait prendre de ses nouvelles.",
                "\n".join(ways),
                "Vous pouvez écrire sans donner votre nom. La personne ne saura pas qui nous a prévenus.",
                f"{DANGER} N'attendez pas notre réponse.",
                self.sender,
            ]
        )


def landlords_of(cases: QuerySet[Case]) -> QuerySet[Landlord]:
    """Whose tenants these cases are about."""
    return Landlord.objects.filter(Exists(cases.order_by().filter(household__landlord=OuterRef("pk")))).order_by("name")


def of(campaign: Campaign, landlord: Landlord) -> Share:
    """What a campaign shares for one of its landlords."""
    return Share(
        sender=landlord.spoken_name or landlord.name,
        number=spoken_number(campaign.callback_number or landlord.callback_number),
        hours=letters.hours_of(campaign),
        address=settings.SITE_URL + reverse("public:neighbour_code", args=[landlord.code]),
        code=landlord.code,
    )


def of_everybody() -> Share:
    """What the page without a code shares: the only landlord's when there is one, no number otherwise."""
    running = Case.objects.filter(campaign__status__in=RUNNING)
    alone = list(landlords_of(running)[:2])
    found = online(alone[0]) if len(alone) == 1 else None
    return found or Share(sender=TEAM, number="", hours="", address=settings.SITE_URL + reverse("public:neighbour"))


def running_campaign(landlord: Landlord) -> Campaign | None:
    """The campaign whose number this landlord's page shows: the last one opened of those that run."""
    its_own = Case.objects.filter(campaign=OuterRef("pk"), household__landlord=landlord)
    return Campaign.objects.filter(Exists(its_own), status__in=RUNNING).order_by("-opened_at", "-pk").first()


def online(landlord: Landlord) -> Share | None:
    """What this landlord's page shares at this moment; None while no campaign calls its tenants."""
    campaign = running_campaign(landlord)
    return of(campaign, landlord) if campaign is not None else None


def behind(code: str) -> tuple[Residence | None, Landlord | None, Share]:
    """What stands behind the code of an address: a poster's residence, a landlord's page, or neither.

    An unknown code, and a landlord whom nobody calls for, are as if there were none.
    """
    residence = posters.residence_of(code) if code else None
    landlord = Landlord.objects.filter(code=code).first() if code and residence is None else None
    whose = residence.landlord if residence is not None else landlord
    share = online(whose) if whose is not None else None
    return residence, landlord if share is not None else None, share or of_everybody()


# Pictures -----------------------------------------------------------------------------------------------------


def picture(share: Share, shape: str) -> bytes:
    """A PNG of exactly ``SIZES[shape]``; KeyError for another shape."""
    width, height = SIZES[shape]
    data = {
        **asdict(share),
        "width": width,
        "height": height,
        "address": share.address.partition("//")[2].rstrip("/"),
        "qr": documents.qr(share.address),
    }
    key = f"share:{shape}:{version(share)}"
    made: bytes | None = cache.get(key)
    if made is None:
        made = documents.png("share", data)
        cache.set(key, made, KEPT_SECONDS)
    return made


def version(share: Share) -> str:
    """Another one when the picture says something else: networks keep what they have read under its address."""
    said = json.dumps([asdict(share), settings.DEMO])
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def picture_address(share: Share, shape: str = OF_A_LINK) -> str:
    """Whole, as networks ask for it."""
    name, args = ("share_picture_of", [share.code, shape]) if share.code else ("share_picture", [shape])
    return f"{settings.SITE_URL}{reverse(f'public:{name}', args=args)}?v={version(share)}"


def tags(share: Share, page: str) -> dict[str, object]:
    """What the page at the address ``page`` says of itself to networks."""
    width, height = SIZES[OF_A_LINK]
    return {
        "title": TITLE,
        "description": share.description,
        "page": page,
        "image": picture_address(share),
        "alternative": share.alternative,
        "width": width,
        "height": height,
    }


def download(*, campaign: Campaign, landlord: Landlord, shape: str, by: User) -> bytes:
    """The picture that a coordinator takes away; one journal row. KeyError for an unknown shape."""
    made = picture(of(campaign, landlord), shape)
    journal.record("share.downloaded", campaign, by=by, campaign_id=campaign.pk, landlord=landlord.pk, shape=shape)
    return made
