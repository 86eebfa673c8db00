"""Learning the call screen: training (who has learned it) → household (the invented one on which one practises)."""
