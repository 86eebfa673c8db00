"""What every stage uses.

calendar (opening hours, slots, holidays, zones), retries, scope (who sees what), needs, phrases, documents (PDF);
for screens: fields, pages, open_pages.
"""
