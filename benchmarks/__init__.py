"""Measures: ratios within one run, medians, never in a timed test. `make bench` runs them all."""
