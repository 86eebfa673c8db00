"""Django looks for the admin of an application here; each stage keeps its own."""

from campaigns.referrals import admin  # noqa: F401
