"""A campaign from its first name to its last day, and who takes part.

Reading order: lifecycle (create, open, pause, close) → enrolment (households → cases) → takeover (plans from one
campaign to another) → leaving (what becomes of a caller's work when their account is closed).
"""
