"""Neighbours: posters (the number to call, the code of their page) → reports (a worry, matched or not)."""
