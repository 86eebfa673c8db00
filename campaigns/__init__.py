"""How we call; docs/regles.md says every rule in French, with its numbers. Reading order, and way of the data:

models → calendar → enrolment (households → cases) → scripts → training → queue (queue_order, then the claim)
→ calls (drafts → recording → corrections; messages, texts) → outcomes (what follows, drawn once)
→ retries, followups (dates → plans → opening → absences → review), needs → referrals (states → drafts → sending
→ access → answers → closing, watched by watch), welfare (letters, caretakers, neighbours, numberless), alerts
→ reviews, debriefs → dashboards → report → purge → restoration (a backup put back).
"""
