"""Forms of accounts: allauth's own with our words, invitations, profile, roles."""

from __future__ import annotations

from typing import Any, cast

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django import forms
from django.contrib.auth import password_validation

from solidarites import accounts, attempts, factors, journal_objects, roles, secrets_at_rest
from solidarites.fields import DateField, field_of
from solidarites.journal_page import Filters
from solidarites.journal_words import ACTORS, KINDS
from solidarites.models import User
from solidarites.refused import Refused

HELP_TO_CHOOSE = "12 caractères au moins. Une phrase de quelques mots convient très bien."


class Plain(forms.Form):
    """Our labels and help; a placeholder repeats a label and disappears when one types."""

    words: dict[str, tuple[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, item in self.fields.items():
            item.widget.attrs.pop("placeholder", None)
            item.help_text = ""
            if name in self.words:
                item.label, item.help_text = self.words[name]

    def add_error(self, field: str | None, error: Any) -> None:
        # allauth's own sentence, written inside its form.
        if field == "password2" and not isinstance(error, forms.ValidationError):
            error = "Les deux mots de passe sont différents."
        super().add_error(field, error)


class SignInForm(Plain, account.LoginForm):
    words = {"login": ("Adresse e-mail", ""), "password": ("Mot de passe", "")}


class ForgottenPasswordForm(Plain, account.ResetPasswordForm):
    words = {"email": ("Adresse e-mail", "")}


NEW = {
    "password1": ("Nouveau mot de passe", HELP_TO_CHOOSE),
    "password2": ("Nouveau mot de passe, une seconde fois", ""),
}


class NewPasswordForm(Plain, account.ResetPasswordKeyForm):
    words = NEW


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    words = {"oldpassword": ("Mot de passe actuel", ""), **NEW}


class ConfirmPasswordForm(Plain, account.ReauthenticateForm):
    words = {"password": ("Mot de passe", "")}


class CodeWidgetMixin(Plain):
    """A field for a code: the numeric keyboard of a phone, no correction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.CharField, self.fields["code"])
        field.widget.attrs.update({"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false"})
        field.max_length = 20


class CheckedCodeMixin(CodeWidgetMixin):
    """A code of one's own: counted when it is wrong, and refused in words when the factor can be read no more.

    Another factor of the person still takes its own.
    """

    def clean_code(self) -> str:
        user, request = self.user, get_adapter().request  # type: ignore[attr-defined]
        known = request.user.is_authenticated or attempts.is_known(request, user)
        counted: dict[str, Any] = {"kind": attempts.CODE, "account": str(user.pk), "known": known}
        if wait := attempts.begin(request, **counted):
            raise forms.ValidationError(f"Trop d'essais. Attendez {attempts.in_words(wait)}, puis réessayez.")
        code = self._checked_code()
        attempts.forgive(request, **counted)
        return code

    def _checked_code(self) -> str:
        try:
            return super().clean_code()  # type: ignore[misc]
        except secrets_at_rest.Unreadable:
            code: str = self.cleaned_data["code"]
            self.authenticator = factors.that_takes(self.user, code)  # type: ignore[attr-defined]
            if self.authenticator is None:
                factors.note_unreadable(self.user)  # type: ignore[attr-defined]
                raise forms.ValidationError(factors.UNREADABLE) from None
            return code


class CodeForm(CheckedCodeMixin, mfa.AuthenticateForm):
    words = {"code": ("Code", "Le code à 6 chiffres de votre application, ou un code de secours.")}


class ConfirmCodeForm(CheckedCodeMixin, mfa.ReauthenticateForm):
    words = {"code": ("Code", "Le code à 6 chiffres de votre application, ou un code de secours.")}


class RemoveCodesForm(ConfirmCodeForm, totp.DeactivateTOTPForm):
    """Whoever sits at an open session does not take the second factor away: it asks for a code of now."""

    words = {"code": ("Code", "Le code à 6 chiffres que l'application affiche maintenant, ou un code de secours.")}

    def __init__(self, *args: Any, authenticator: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=authenticator.user, authenticator=authenticator, **kwargs)


class NewRecoveryCodesForm(ConfirmCodeForm):
    """The same for new recovery codes: the ones in a drawer would stop working.

    A code is refused to who has no application: there is no need of allauth's own form, which asks for that alone.
    """

    words = RemoveCodesForm.words


class ActivateCodesForm(CodeWidgetMixin, totp.ActivateTOTPForm):
    """The code of the secret that the page shows (solidarites.second_factor).

    allauth's own form draws a secret each time it is shown: that one serves nobody.
    """

    words = {"code": ("Code affiché par l'application", "6 chiffres, qui changent toutes les 30 secondes.")}

    def __init__(self, *args: Any, secret: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = secret


class InviteForm(forms.Form):
    addresses = forms.CharField(
        label="Adresses e-mail",
        help_text="Une ou plusieurs, séparées comme vous voulez. Les noms sont repris : Léa Roux (lea@exemple.fr).",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6, "autocapitalize": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label="Rôle")

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = accounts.roles_to_give(by)
        field_of(self, "role", forms.ChoiceField).choices = [(name, roles.LABELS[name].capitalize()) for name in names]
        if len(names) == 1:
            self.fields["role"].widget = forms.HiddenInput()
            self.initial.setdefault("role", names[0])

    def clean_addresses(self) -> str:
        text = self.cleaned_data["addresses"]
        self.parsed, refused = accounts.parse_addresses(text)
        errors = [f"«\u00a0{piece}\u00a0» n'est pas une adresse e-mail." for piece in refused[:20]]
        if len(refused) > 20:
            errors.append(f"{len(refused) - 20} autres adresses sont inexactes.")
        if len(self.parsed) > accounts.MOST_ADDRESSES:
            errors.append(f"{accounts.MOST_ADDRESSES} adresses au plus en une fois.")
        if errors:
            raise forms.ValidationError(errors)
        if not self.parsed:
            raise forms.ValidationError("Saisissez au moins une adresse.")
        return text


class JoinForm(forms.Form):
    """What a person invited says to join."""

    first_name = forms.CharField(
        label="Prénom", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label="Nom", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    password1 = forms.CharField(
        label="Mot de passe",
        help_text=HELP_TO_CHOOSE,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="Mot de passe, une seconde fois",
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error("password2", "Les deux mots de passe sont différents.")
        if first:
            person = User(
                email=self.user.email, first_name=data.get("first_name", ""), last_name=data.get("last_name", "")
            )
            try:
                password_validation.validate_password(first, person)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data


class ProfileForm(forms.ModelForm):
    first_name = forms.CharField(
        label="Prénom", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label="Nom", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    languages = forms.MultipleChoiceField(
        label="Langues que vous parlez, en plus du français",
        choices=list(accounts.LANGUAGES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Les foyers qui préfèrent une de ces langues peuvent alors vous être confiés.",
    )
    hide_number = forms.BooleanField(
        label="Masquer mon numéro quand j'appelle (#31#)",
        required=False,
        help_text="Beaucoup de personnes ne décrochent pas un numéro masqué.",
    )
    keyboard_shortcuts = forms.BooleanField(label="Raccourcis clavier sur la page d'appel", required=False)

    class Meta:
        model = User
        fields = ["first_name", "last_name", "languages", "hide_number", "keyboard_shortcuts"]


class RolesForm(forms.Form):
    names = forms.MultipleChoiceField(
        label="Rôles",
        choices=[(name, label.capitalize()) for name, label in roles.LABELS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    switchboard = forms.BooleanField(label="Peut confirmer à l'accueil qu'un appel était authentique", required=False)


# More accounts than a list can show are found by their page.
MOST_PEOPLE = 2000
MOST = 10**15


class JournalForm(forms.Form):
    """What to look for in the journal, from the address of its page."""

    du = DateField(label="Du", required=False)
    au = DateField(label="Au", required=False)
    personne = forms.ChoiceField(label="Personne", required=False)
    genre = forms.ChoiceField(
        label="Sorte d'acte", required=False, choices=[("", "Toutes"), *((key, one[0]) for key, one in KINDS.items())]
    )
    campagne = forms.ChoiceField(label="Campagne", required=False)
    foyer = forms.IntegerField(
        label="Numéro de foyer",
        required=False,
        min_value=1,
        max_value=MOST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": "8"}),
    )
    # The last row of the page before.
    avant = forms.IntegerField(required=False, min_value=1, max_value=MOST, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        people = User.objects.order_by("last_name", "first_name", "email")[:MOST_PEOPLE]
        field_of(self, "personne", forms.ChoiceField).choices = [
            ("", "Toutes"),
            ("Sans compte", [(key, label) for key, label in ACTORS.items()]),
            ("Comptes", [(str(user.pk), user.display_name) for user in people]),
        ]
        field_of(self, "campagne", forms.ChoiceField).choices = [("", "Toutes"), *journal_objects.campaigns()]
        for name, item in self.fields.items():
            select = isinstance(item.widget, forms.Select)
            item.widget.attrs["class"] = "form-select" if select else "form-control"
            if name in self.errors:
                item.widget.attrs["class"] += " is-invalid"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("du") and data.get("au") and data["du"] > data["au"]:
            self.add_error("au", "La fin vient avant le début.")
        return data

    def filters(self) -> Filters:
        data = self.cleaned_data
        return Filters(
            first_day=data["du"],
            last_day=data["au"],
            person=data["personne"],
            kind=data["genre"],
            campaign_id=int(data["campagne"]) if data["campagne"] else None,
            household_id=data["foyer"],
        )


def say_refusal(form: forms.BaseForm, error: Refused) -> None:
    """What a rule refused, at its field; above the form when the field is not shown there."""
    form.add_error(error.field if error.field in form.fields else None, error.message)
