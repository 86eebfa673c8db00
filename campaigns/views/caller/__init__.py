"""The caller's screens: home, the call, what was recorded, the day."""
