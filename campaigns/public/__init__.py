"""What anybody may read. Reading order: answers (a text → safe paragraphs and links) → document (one change of an
edition, pure) → editions (the rules that write, and which edition is read) → numbers → gestures (« bons gestes ») →
notices (which crisis, what is said of people's data) → loading (what ships with the product).

Nothing here is about a person: no purge ever touches it.
"""
