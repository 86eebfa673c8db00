"""A landlord's list on its way in. Reading order:

``read`` (any file → rows of cells) · ``columns`` (headings → fields) · ``people`` (a row → a person) ·
``workspace`` (rows → households, on disk) · ``check`` (households → what would change) · ``apply`` (write it) ·
``jobs`` (upload, correct, confirm, cancel: the life of a ListImport).
"""
