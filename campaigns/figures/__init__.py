"""Figures: dashboards (while a campaign runs) → report (« Bilan », frozen when its people go)."""
