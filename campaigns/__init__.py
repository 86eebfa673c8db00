"""How we call. Reading order, which is also the way of the data:

models → calendar → enrolment (households → cases) → scripts → queue (claim) → calls (record)
→ outcomes (what follows) → retries, followups, referrals, welfare, alerts → dashboards → purge.
"""
