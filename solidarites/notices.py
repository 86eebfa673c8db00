"""What happened to an account is told to its owner: by e-mail, or at the next sign-in.

Without a mail server nothing leaves: the sentence waits for the person. What somebody else did (the administration) is
said both ways: a mailbox may be read by others, or by nobody.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from solidarites import mail
from solidarites.models import AccountNotice, User
from solidarites.templatetags import dates

# What is told, with its moment; the e-mail and the message at sign-in say the same words.
SENTENCES = {
    "password": "Le mot de passe de votre compte a été changé le {at}.",
    "link_given": "Le {at}, un lien pour choisir un nouveau mot de passe a été donné par l'administration.",
    "link_used": "Le {at}, un nouveau mot de passe a été choisi avec le lien donné par l'administration.",
    "factor_on": "La double authentification a été installée sur votre compte le {at}.",
    "factor_off": "La double authentification a été retirée de votre compte le {at}.",
    "factor_removed": "Le {at}, l'administration a retiré la double authentification de votre compte.",
    "codes": "De nouveaux codes de secours ont été faits pour votre compte le {at}.",
}
# Done by somebody else.
BY_OTHERS = ("link_given", "link_used", "factor_removed")
DOUBT = "Si ce n'est pas vous, ou si vous n'avez rien demandé, prévenez tout de suite l'administration."


def in_words(at: datetime) -> str:
    return dates.date(timezone.localtime(at), r"j F Y à G \h i")


def sentence(kind: str, at: str) -> str:
    return SENTENCES[kind].format(at=at)


def tell(*, user: User, kind: str, now: datetime) -> None:
    """Tell the owner of an account what happened to it, in the caller's transaction.

    A link given by the administration leaves by e-mail itself, where there is a server.
    """
    if settings.HAS_MAIL_SERVER and kind != "link_given":
        mail.queue_mail(
            key=f"notice:{user.pk}:{uuid.uuid4()}",
            about=user,
            to=user.email,
            template="security_notice",
            context={"notice": kind, "at": in_words(now)},
            now=now,
        )
    if kind in BY_OTHERS or not settings.HAS_MAIL_SERVER:
        AccountNotice.objects.create(user=user, kind=kind, at=now)


def take_all(user: User) -> list[str]:
    """The sentences that wait for this person, who has just signed in; each is said once."""
    waiting = list(AccountNotice.objects.filter(user=user).order_by("at", "pk"))
    AccountNotice.objects.filter(pk__in=[one.pk for one in waiting]).delete()
    return [sentence(one.kind, in_words(one.at)) for one in waiting if one.kind in SENTENCES]
