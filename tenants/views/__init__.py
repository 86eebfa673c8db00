"""Screens of the administrators: lists on their way in, possible duplicates, ages to verify."""
