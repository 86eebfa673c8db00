"""The demonstration: invented people, and two campaigns lived through the product's own rules.

Reading order: names, places, hours (what is drawn from) → lists (a landlord's list of households) → accounts,
institutions → conversations (what people answer) → calling (claim, record, again) → confinement, winter (the two
campaigns) → seed. ``scripts/demo.py`` shows how far it is.
"""
