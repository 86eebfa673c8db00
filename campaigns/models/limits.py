"""How long a text may be: facts, not files. Every form, rule and column that keeps one reads it here."""

# What is said of somebody: a comment, a message, a note, a reason.
TEXT = 300
# What a partner is told, and answers.
FACTS = 600
