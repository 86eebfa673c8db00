"""How we call: one package a stage, in the order of the data; docs/regles.md says the rules in French.

models      rows, constraints, choices, a case's own states and moves
common      calendar (opening hours, slots, holidays, zones), retries, scope (who sees what), needs, phrases, documents
cases       a household in a campaign outside its calls: schedule, hold, resume, close
scripts     a version → questions, branching, checks, editing
texts       what a free text should not hold; texts to look at again
alerts      raise, take, solve, remind; vital dangers; the machine's own
referrals   needs handed to a partner: states, drafts, sending, access, answers, closing, watch
welfare     households that nobody reaches: checks, letters, caretakers, households without a number
followups   regular calls: dates, plans, absences, opening, pauses, review, handover, reminders, feed
outcomes    outcome → what happens next, drawn once: table, situation, writing, answers; « Ce que feront les règles »
practice    training, the invented household
queue       order (the one statement written by hand), claim, ranking
team        reviews, debriefs, moments
calls       the caller's screen; recording.record_call(), the only door of a recorded call; corrections, pending
setup       lifecycle, enrolment, takeover, volunteers, those who leave
neighbours  posters, what is shared on networks, and a neighbour's report
public      what anybody may read: questions, numbers, « bons gestes », people's data
figures     the dashboard, the report
listeners   what tenants' events mean here
purge       select, freeze, erase, prove; restoration: a backup put back
demo        invented people, and a believable campaign

A stage holds its rules, ``views``, ``forms``, ``urls``, ``tests``, and ``templates/<stage>/``; it knows only those
above it in this list (``[tool.importlinter]``). Its screens may look at any of them.
"""
