"""How django-allauth signs people in here: by e-mail, in French, its messages through our queue of mails."""

from __future__ import annotations

import time
import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from solidarites import accounts, addresses, attempts, factors, journal, mail, notices, roles
from solidarites.models import User
from solidarites.sign_ins import SIGNED_IN_AT

# What coordinators may do in the Django admin.
COORDINATORS = {
    "campaigns.view_referral",
    "campaigns.change_referral",
    "campaigns.view_partner",
    "campaigns.add_partner",
    "campaigns.change_partner",
}
# Our word for each of allauth's notices.
NOTICES = {
    "account/email/password_changed": "password",
    "account/email/password_reset": "password",
    "account/email/password_set": "password",
    "mfa/email/totp_activated": "factor_on",
    "mfa/email/totp_deactivated": "factor_off",
    "mfa/email/recovery_codes_generated": "codes",
}


def _of_the_demonstration_alone(user: Any) -> bool:
    """The password of the demonstration's accounts is public: they open the demonstration, and nothing else."""
    return bool(user.is_demo) and not settings.DEMO


class RolesBackend(AuthenticationBackend):
    """Django's permissions by role, so that no list of permissions has to be kept beside the groups.

    Administrators may do everything in the Django admin, coordinators what referrals and partners ask
    for. Confirming calls is a permission of its own, given to persons.
    """

    def get_user(self, user_id: int) -> Any:
        """The person with their roles, which every page asks for: one query."""
        rows: list[Any] = list(User.objects.filter(pk=user_id).annotate(role_name=F("groups__name")))
        if not rows or not self.user_can_authenticate(rows[0]):
            return None
        user = rows[0]
        user.role_names = frozenset(row.role_name for row in rows if row.role_name)
        return user

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user)) and not _of_the_demonstration_alone(user)

    def has_perm(self, user: Any, perm: str, obj: Any = None) -> bool:
        if not user.is_active or not user.is_authenticated:
            return False
        if perm != roles.SWITCHBOARD_PERMISSION:
            if user.has_role(roles.ADMINISTRATOR):
                return True
            if perm in COORDINATORS and user.has_role(roles.COORDINATOR):
                return True
        return bool(super().has_perm(user, perm, obj))

    def has_module_perms(self, user: Any, app_label: str) -> bool:
        if user.is_active and user.is_authenticated:
            if user.has_role(roles.ADMINISTRATOR):
                return True
            if app_label == "campaigns" and user.has_role(roles.COORDINATOR):
                return True
        return bool(super().has_module_perms(user, app_label))


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "Ce compte est désactivé.",
        "email_password_mismatch": "Adresse e-mail ou mot de passe inexact.",
        "enter_current_password": "Ce n'est pas votre mot de passe actuel.",
        "incorrect_code": "Code inexact.",
        "incorrect_password": "Mot de passe inexact.",
        "invalid_password_reset": "Ce lien n'est plus valable.",
        # Of one address: the limits of an account say how long (attempts).
        "too_many_login_attempts": "Trop d'essais depuis votre réseau. Attendez une minute, puis réessayez.",
        "rate_limited": "Trop d'essais. Attendez une minute, puis réessayez.",
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        return addresses.client_address(request)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by invitation only."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return roles.home_for(request.user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Somebody who has just signed in is not asked again to set up the second factor."""
        just_signed_in = time.time() - float(self.request.session.get(SIGNED_IN_AT, 0)) < 300
        return False if just_signed_in else super().is_reauthentication_required(app=app, **kwargs)

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """The link itself is made when the message leaves: the queue holds an id."""
        if not accounts.has_joined(user):
            # Never joined: the invitation is what opens the account.
            accounts.remind_invitation(user=user, now=timezone.now())
            return
        mail.queue_mail(
            key=f"password:{user.pk}:{uuid.uuid4()}",
            about=user,
            to=user.email,
            template="password_reset",
            context={"user_id": user.pk},
        )

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        notices.tell(user=user, kind=NOTICES[template_prefix], now=timezone.now())

    # Wrong passwords ---------------------------------------------------------------------------------------
    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth's limit by address, then ours by account. Raises ValidationError, with the true wait."""
        super().pre_authenticate(request, **credentials)
        account, known = self._tried(request, credentials)
        if wait := attempts.begin(request, kind=attempts.PASSWORD, account=account, known=known):
            # Without a mail server the page of forgotten passwords sends nothing.
            then = "ou choisissez un nouveau mot de passe" if settings.HAS_MAIL_SERVER else "puis réessayez"
            raise ValidationError(f"Trop d'essais. Attendez {attempts.in_words(wait)}, {then}.")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None and _of_the_demonstration_alone(user):
            return None
        if user is not None:
            account, known = self._tried(request, credentials)
            attempts.forgive(request, kind=attempts.PASSWORD, account=account, known=known)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """One row, with the number of the account when there is one; never what was typed."""
        user = self._named(request, credentials)
        if request.user.is_authenticated:
            journal.record("account.sign_in_failed", user, by=user)
        elif user is not None:
            journal.record("account.sign_in_failed", user, actor="public")
        elif attempts.may_journal_unknown(request):
            journal.record("account.sign_in_unknown", actor="public")

    def _tried(self, request: HttpRequest, credentials: dict[str, Any]) -> tuple[str, bool]:
        """What the try is counted for, and whether it comes from a browser of that account's owner."""
        if request.user.is_authenticated:
            return request.user.email.lower(), True
        email = str(credentials.get("email") or "").strip().lower()
        known = attempts.COOKIE in request.COOKIES and attempts.is_known(request, self._named(request, credentials))
        return email, known

    @staticmethod
    def _named(request: HttpRequest, credentials: dict[str, Any]) -> User | None:
        if request.user.is_authenticated:
            return request.user
        return User.objects.filter(email__iexact=str(credentials.get("email") or "").strip()).first()

    def set_password(self, user: Any, password: str) -> None:
        super().set_password(user, password)
        attempts.forget(self.request, kind=attempts.PASSWORD, account=user.email.lower())

    # Signed in -----------------------------------------------------------------------------------------------
    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Once every step is passed: a row, what happened meanwhile to the account, and a browser that is known."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        journal.record("account.signed_in", user, by=user)
        if told := notices.take_all(user):
            messages.warning(request, " ".join([*told, notices.DOUBT]))
        attempts.remember(request, response, user)
        return response


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": "La double authentification ne peut pas être retirée.",
        "cannot_generate_recovery_codes": "Installez d'abord une application de codes.",
        "incorrect_code": "Code inexact. Vérifiez l'heure du téléphone, puis saisissez le code affiché maintenant.",
        "unverified_email": "Votre adresse e-mail doit d'abord être confirmée.",
    }

    def encrypt(self, text: str) -> str:
        return factors.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return factors.decrypt(encrypted_text)
