"""Those who call, listened to: reviews (calls read again) and debriefs (after hard calls; meetings, shared moments)."""
