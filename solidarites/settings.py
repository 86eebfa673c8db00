"""Settings of every installation, driven by the environment (see docs/installer.md).

Nothing has to be set for the embedded way to run: SQLite, the filesystem broker and generated
secrets all live in ``var/``. A team on several machines sets DATABASE_URL, CELERY_BROKER_URL,
CACHE_URL, SECRET_KEY, PRIVACY_KEY and SITE_URL.
"""

import secrets
import sys
import warnings
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF

from solidarites import file_modes, reports

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# .env is a real installation's: the demonstration beside it has its own folder, database, queue, cache and secrets,
# and sends no mail.
if not env.bool("SOLIDARITES_DEMO", default=False) and (BASE_DIR / ".env").exists():
    environ.Env.read_env(str(BASE_DIR / ".env"))
# The demonstration: invented people, known accounts, no second factor, and a banner on every page.
DEMO = env.bool("SOLIDARITES_DEMO", default=False)

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var" / "demo" if DEMO else BASE_DIR / "var")))
TESTING = "pytest" in sys.modules
file_modes.keep_private(VAR_DIR, temporary=not TESTING)

DEBUG = env.bool("DEBUG", default=False)
# An upgrade is running: every page answers 503 (a file var/maintenance does the same without a restart).
MAINTENANCE = env.bool("MAINTENANCE", default=False)
DEMO_SECRET = "demonstration-only-secret-never-use-it-for-real-people"  # noqa: S105


def _secret(name: str) -> str:
    """The secret from the environment, else from a file of ``var/`` made on the first start."""
    if DEMO:
        return DEMO_SECRET
    given = env.str(name, default="")
    if given:
        return given
    path = VAR_DIR / f"{name.lower()}.txt"
    try:
        with path.open("x") as stream:
            path.chmod(0o600)
            stream.write(secrets.token_urlsafe(60))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = _secret("SECRET_KEY")
# Keys the hashes of people who asked never to be called again: it must outlive SECRET_KEY's rotations.
PRIVACY_KEY = _secret("PRIVACY_KEY")

SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{env.str('PORT', default='8000')}")
HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", SITE_URL.split("//")[-1].split(":")[0]])
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "solidarites",
    "tenants",
    "campaigns",
    "solidarites.admin_app.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "django_filters",
    "django_tables2",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # After WhiteNoise, which serves files already packed; tokens are masked and answers padded against BREACH.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "solidarites.middleware.MaintenanceMiddleware",
    "solidarites.state.StateMiddleware",
    "solidarites.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "solidarites.middleware.IdleSessionMiddleware",
    "solidarites.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "solidarites.middleware.SecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "solidarites.urls"
WSGI_APPLICATION = "solidarites.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "solidarites.context.site",
            ],
            # « 1er janvier » and hours that stay on their line, whatever the template.
            "builtins": ["solidarites.templatetags.dates"],
        },
    },
]

# Data -------------------------------------------------------------------------------------------
OWN_DATABASE = f"sqlite:///{VAR_DIR / 'solidarites.sqlite3'}"
DATABASE_SETTING = "DEMO_DATABASE_URL" if DEMO and env.str("DEMO_DATABASE_URL", default="") else "DATABASE_URL"
with warnings.catch_warnings(action="ignore"):  # environ warns with the password in its words
    DATABASES: dict[str, dict[str, Any]] = {
        "default": env.db("DEMO_DATABASE_URL")
        if DATABASE_SETTING == "DEMO_DATABASE_URL"
        else env.db("DATABASE_URL", default=OWN_DATABASE)
    }
ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
if DATABASES["default"].get("ENGINE") not in ENGINES or not DATABASES["default"].get("NAME"):
    # One line for a command as for a service; an exception would bring its traceback.
    sys.exit(
        f"{DATABASE_SETTING} ne se lit pas : postgres://compte:motdepasse@hote:5432/base, "
        "ou sqlite:////chemin/base.sqlite3."
    )
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a writer waits its turn from the start instead of failing when it first writes.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    # A file: threads, the live server and other processes of a test see the same rows.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Seconds. A server out of reach is an error at once, instead of pages that wait for minutes.
    DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5, **DATABASES["default"].get("OPTIONS", {})}
    # In transaction mode the next statement may go through another connection, which knows no cursor of this one.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("PGBOUNCER", default=False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": env.cache_url_config("locmemcache://") if DEMO else env.cache("CACHE_URL", default="locmemcache://")
}
if CACHES["default"]["BACKEND"] == "django.core.cache.backends.redis.RedisCache":
    CACHES["default"]["BACKEND"] = "solidarites.cache.SharedCache"

# Backups: whom they are encrypted to (age or gpg; empty: in clear), and how many of them stay in their folder.
BACKUP_RECIPIENT = env.str("BACKUP_RECIPIENT", default="")
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)

UPLOADS_DIR = VAR_DIR / "uploads"

# Work in the background ---------------------------------------------------------------------------
CELERY_BROKER_URL = "filesystem://" if DEMO else env.str("CELERY_BROKER_URL", default="filesystem://")
BROKER_DIR = VAR_DIR / "broker"

# People and sessions --------------------------------------------------------------------------------
AUTH_USER_MODEL = "solidarites.User"
AUTHENTICATION_BACKENDS = [
    "solidarites.adapters.RolesBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    # CNIL recommendation of 2022-07-21: 12 characters at least where no other factor is asked.
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "solidarites.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_FORMS = {
    "login": "solidarites.forms.SignInForm",
    "reset_password": "solidarites.forms.ForgottenPasswordForm",
    "reset_password_from_key": "solidarites.forms.NewPasswordForm",
    "change_password": "solidarites.forms.ChangePasswordForm",
    "reauthenticate": "solidarites.forms.ConfirmPasswordForm",
}
# A whole team may sign in from one office address; what stops guessing are the limits by account (attempts.py).
# Each lasts a minute, which is what the page of too many requests says.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "60/m/ip"}
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
MFA_ADAPTER = "solidarites.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "solidarites.forms.CodeForm",
    "reauthenticate": "solidarites.forms.ConfirmCodeForm",
    "activate_totp": "solidarites.forms.ActivateCodesForm",
    "deactivate_totp": "solidarites.forms.RemoveCodesForm",
    "generate_recovery_codes": "solidarites.forms.NewRecoveryCodesForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address is proved by the invitation that reached it
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Solidarités"
MFA_TOTP_TOLERANCE = 1  # half a minute of a phone that runs late
# docs/regles.md#comptes: coordinators and administrators need a second factor; the demonstration is exempt.
REQUIRE_SECOND_FACTOR = not DEMO and env.bool("REQUIRE_SECOND_FACTOR", default=True)
IDLE_SECONDS_STAFF = 30 * 60
IDLE_SECONDS_VOLUNTEER = 4 * 60 * 60
SESSION_ENGINE = "solidarites.sessions"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = IDLE_SECONDS_VOLUNTEER * 3
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "solidarites.errors.csrf_failure"

# Mail -------------------------------------------------------------------------------------------------
# Without a mail server nothing leaves: links are copied from the screens. The demonstration alone prints its messages,
# which are those of nobody.
NO_MAIL_SERVER = "consolemail://" if DEMO or DEBUG else "dummymail://"
EMAIL_CONFIG = env.email_url_config(NO_MAIL_SERVER) if DEMO else env.email_url("EMAIL_URL", default=NO_MAIL_SERVER)
if EMAIL_CONFIG["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
    EMAIL_CONFIG["EMAIL_BACKEND"] = "solidarites.smtp.EmailBackend"
vars().update(EMAIL_CONFIG)
HAS_MAIL_SERVER = not EMAIL_CONFIG["EMAIL_BACKEND"].startswith(
    ("django.core.mail.backends.console.", "django.core.mail.backends.dummy.")
)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Solidarités <solidarites@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)  # seconds, for each answer of the mail server
# Many mail servers close the door to who sends faster; what is vital does not wait for its turn.
MAIL_PER_MINUTE = env.int("MAIL_PER_MINUTE", default=120)
# The mailbox of the sender's address, where undeliverable messages come back (imaps://compte:motdepasse@hote/INBOX).
IMAP_URL = "" if DEMO else env.str("IMAP_URL", default="")

# Language and time ----------------------------------------------------------------------------------------
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"
# Numbers of cases and years are not quantities: « |intcomma » groups the digits of those that are.
USE_THOUSAND_SEPARATOR = False

# Static files -----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# As everything else under VAR_DIR; WhiteNoise serves them.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": UPLOADS_DIR}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
if TESTING:
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = True

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "django_tables2/bootstrap5.html"

# Security ----------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS and not TESTING
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
# Other sites of the landlord's domain may still be on http, and a browser's list is left only after months: on request.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=HTTPS)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# From these alone is X-Forwarded-For believed: addresses or networks, separated by commas.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=["127.0.0.1", "::1"] if BEHIND_PROXY else [])
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
# Bytes of one request: a form with its file; what takes a tenant list says so itself (middleware.takes_up_to).
BODY_MAX_BYTES = 6 * 1024 * 1024

# Being looked after ---------------------------------------------------------------------------------------------
# Who gives it (Authorization: Bearer) is told by /sante/ what works and what does not; everybody else, yes or no.
HEALTH_TOKEN = env.str("HEALTH_TOKEN", default="")
# Errors reach somebody: their type and their place alone (solidarites.reports), by mail or to a Sentry server.
ADMINS = [("", address) for address in env.list("ADMINS", default=[])]
EMAIL_SUBJECT_PREFIX = "[Solidarités] "
SENTRY_DSN = env.str("SENTRY_DSN", default="")
LOG_FORMAT = env.str("LOG_FORMAT", default="line")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ours": {"()": "solidarites.logs.Json" if LOG_FORMAT == "json" else "solidarites.logs.Line"}},
    "filters": {"foreseen": {"()": "solidarites.logs.Foreseen"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "ours"},
        "reports": {"class": "solidarites.reports.Reporter", "level": "ERROR"},
    },
    "root": {"handlers": ["console", "reports"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handlers would send ADMINS whole requests.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"filters": ["foreseen"]},
    },
}
if SENTRY_DSN and not TESTING:
    reports.to_sentry(SENTRY_DSN)
