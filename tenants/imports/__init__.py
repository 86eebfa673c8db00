"""A landlord's list on its way in. Reading order:

``fields`` (what a list may say: each column, once) · ``read`` (any file → rows of cells) · ``columns`` (headings →
fields) · ``people`` (a row → a person) · ``grouping`` (an opened list → its people by household) · ``check``
(households → what would change) · ``apply`` (write it) · ``jobs`` (upload, correct, confirm, cancel: the life of a
ListImport) · ``work`` (what the worker does with one) · ``at_once`` (a whole list while the command waits).
"""
