"""Needs handed to a partner, with the tenant's agreement, and what became of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from campaigns.models.call import Need
from campaigns.models.case import Case
from campaigns.models.levels import Level
from campaigns.models.limits import FACTS, TEXT
from solidarites.models import OutgoingMail
from tenants.models import Tenant


def office_hours() -> dict[str, list[list[str]]]:
    return {str(weekday): [["09:00", "17:00"]] for weekday in range(5)}


class Partner(models.Model):
    class Kind(models.TextChoices):
        CCAS = "ccas", "CCAS"
        TOWN_HALL = "mairie", "mairie"
        DEPARTMENT = "departement", "département"
        ARI = "ari", "cellule psychologique"
        ASSOCIATION = "association", "association"
        AGENCY = "agence", "agence du bailleur"

    kind = models.CharField("sorte", max_length=12, choices=Kind)
    name = models.CharField("nom", max_length=160)
    email = models.EmailField("adresse e-mail")
    # Every message goes to all of them at once.
    other_emails = models.JSONField("autres adresses e-mail", default=list, blank=True)
    phone = models.CharField("téléphone", max_length=20, blank=True)
    # By weekday, as a campaign's: working days, from which delays are counted at levels U2 and U3.
    hours = models.JSONField("horaires", default=office_hours, blank=True)
    opening = models.CharField("précisions sur les horaires", max_length=200, blank=True)
    # Codes of solidarites.accounts.LANGUAGES, French apart.
    languages = models.JSONField("langues parlées", default=list, blank=True)
    # Empty: every need.
    categories = models.JSONField("besoins", default=list, blank=True)
    # Territory: INSEE codes, EPCI codes, departments; all empty means everywhere.
    communes = models.JSONField("communes (codes INSEE)", default=list, blank=True)
    epcis = models.JSONField("intercommunalités (codes)", default=list, blank=True)
    departments = models.JSONField("départements", default=list, blank=True)
    remarks = models.CharField("remarques", max_length=TEXT, blank=True)
    verified_on = models.DateField("vérifié le", null=True, blank=True)
    active = models.BooleanField("actif", default=True)

    class Meta:
        verbose_name = "partenaire"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def addresses(self) -> list[str]:
        return [self.email, *self.other_emails]


class Referral(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", "à relire"
        APPROVED = "approved", "approuvé, envoi en cours"
        SENT = "sent", "envoyé"
        ACKNOWLEDGED = "acknowledged", "accusé de réception"
        IN_PROGRESS = "in_progress", "pris en charge"
        ANSWERED = "answered", "répondu"
        DECLINED = "declined", "décliné"
        CLOSED = "closed", "clos"
        WITHDRAWN = "withdrawn", "retiré"

    class Kind(models.TextChoices):
        HELP = "help", "aide"
        REGISTER = "register", "registre communal"

    class Agreement(models.TextChoices):
        YES = "yes", "oui"
        NO = "no", "non"
        IMPOSSIBLE = "impossible", "impossible à recueillir"

    class CloseReason(models.TextChoices):
        HELP_IN_PLACE = "help_in_place", "aide en place"
        ALREADY_FOLLOWED = "already_followed", "déjà suivi"
        REFUSED = "refused", "refus"
        REDIRECTED = "redirected", "réorienté"
        UNREACHABLE = "unreachable", "injoignable"
        HOSPITAL = "hospital", "hospitalisé ou en EHPAD"
        MOVED = "moved", "déménagé"
        DECEASED = "deceased", "décédé"
        NO_OBJECT = "no_object", "sans objet"

    class AgreementHow(models.TextChoices):
        CALL = "call", "pendant l'appel d'un(e) bénévole"
        COORDINATOR = "coordinator", "au téléphone avec la coordination"
        WRITTEN = "written", "par écrit"
        VISIT = "visit", "de vive voix, sur place"

    # What is said on the phone and written in e-mails: « S-2026-004217 »; no personal data, no order of arrival.
    reference = models.CharField("référence", max_length=20, unique=True)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="referrals", verbose_name="dossier")
    tenant = models.ForeignKey(
        Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="referrals", verbose_name="locataire"
    )
    needs = models.ManyToManyField(Need, related_name="referrals", verbose_name="besoins")
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="referrals", verbose_name="partenaire"
    )
    state = models.CharField("état", max_length=12, choices=State, default=State.DRAFT)
    # A request to be on the commune's register of vulnerable people is a referral with a form of its own.
    kind = models.CharField("sorte", max_length=8, choices=Kind, default=Kind.HELP)
    level = models.CharField("niveau", max_length=2, choices=Level, default=Level.U3)
    facts = models.CharField("faits entendus", max_length=FACTS, blank=True)
    assessment = models.CharField("appréciation de l'appelant(e)", max_length=TEXT, blank=True)
    since = models.CharField("depuis quand", max_length=120, blank=True)
    help_in_place = models.CharField("aide déjà en place", max_length=200, blank=True)
    contact_person = models.CharField("personne à contacter", max_length=200, blank=True)
    contact_agrees = models.BooleanField("cette personne est d'accord pour être contactée", default=False)
    agreement = models.CharField("accord du locataire", max_length=10, choices=Agreement, blank=True)
    agreement_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="accord recueilli par",
    )
    agreement_at = models.DateTimeField("accord recueilli le", null=True, blank=True)
    agreement_how = models.CharField("accord recueilli", max_length=12, choices=AgreementHow, blank=True)
    # Without agreement: why, and the second coordinator who approved it.
    no_agreement_reason = models.CharField("motif sans accord", max_length=TEXT, blank=True)
    grave_danger = models.BooleanField("danger grave et imminent, partenaire prévenu par téléphone", default=False)
    phoned_at = models.DateTimeField("partenaire appelé le", null=True, blank=True)
    phoned_person = models.CharField("personne jointe chez le partenaire", max_length=120, blank=True)
    first_approval_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="première approbation par",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="approuvé par",
    )
    approved_at = models.DateTimeField("approuvé le", null=True, blank=True)
    # The message of the current sending; each approval is a new sending, with its own key and Message-ID.
    sending = models.PositiveSmallIntegerField(default=0)
    mail = models.ForeignKey(OutgoingMail, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    sent_at = models.DateTimeField("envoyé le", null=True, blank=True)
    # The next thing expected of the partner: an acknowledgement once sent, an answer once acknowledged.
    due_at = models.DateTimeField("attendu avant le", null=True, blank=True)
    reminded_at = models.DateTimeField("relancé le", null=True, blank=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    escalated_at = models.DateTimeField("signalé en retard le", null=True, blank=True)
    opened_at = models.DateTimeField("consulté le", null=True, blank=True)
    acknowledged_at = models.DateTimeField("accusé de réception le", null=True, blank=True)
    answered_at = models.DateTimeField("répondu le", null=True, blank=True)
    answer_result = models.CharField("résultat", max_length=18, choices=CloseReason, blank=True)
    answer = models.CharField("réponse du partenaire", max_length=FACTS, blank=True)
    decline_reason = models.CharField("motif du refus du partenaire", max_length=TEXT, blank=True)
    # The tenant is called back before closing; else why that was not possible.
    called_back_at = models.DateTimeField("locataire rappelé le", null=True, blank=True)
    no_call_back_reason = models.CharField("pourquoi sans rappel", max_length=TEXT, blank=True)
    closed_at = models.DateTimeField("clos le", null=True, blank=True)
    close_reason = models.CharField("motif de clôture", max_length=18, choices=CloseReason, blank=True)
    # The seed of the partner's link (campaigns.referrals.access makes the link of it), valid until this moment.
    token = models.CharField(max_length=64, blank=True, db_index=True)
    token_until = models.DateTimeField("lien valable jusqu'au", null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="préparé par",
    )
    created_at = models.DateTimeField("préparé le", default=timezone.now)

    class Meta:
        verbose_name = "signalement"
        ordering = ["level", "created_at"]
        indexes = [
            models.Index(fields=["state", "due_at"], name="referral_due"),
            models.Index(fields=["case", "state"], name="referral_of_case"),
        ]

    def __str__(self) -> str:
        return self.reference


class ReferralEvent(models.Model):
    """One line of the timeline."""

    class Actor(models.TextChoices):
        USER = "user", "coordination"
        PARTNER = "partner", "partenaire"
        SYSTEM = "system", "automatique"

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField("quand", default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name="par"
    )
    actor = models.CharField("qui", max_length=12, choices=Actor, default=Actor.USER)
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name="partenaire"
    )
    action = models.CharField(max_length=20)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12, blank=True)
    note = models.CharField("texte", max_length=FACTS, blank=True)

    class Meta:
        verbose_name = "événement de signalement"
        verbose_name_plural = "événements de signalement"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"événement {self.pk}"


class PartnerCode(models.Model):
    """A one-time code sent to the partner's address: 6 digits, 10 minutes, 5 tries.

    It is computed from the nonce and SECRET_KEY (referrals.access), never kept: the table alone tells no code.
    """

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="codes")
    nonce = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "code à usage unique"
        verbose_name_plural = "codes à usage unique"

    def __str__(self) -> str:
        return f"code {self.pk}"
