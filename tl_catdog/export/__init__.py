"""``export``: a run's network in the formats of other programs, checked against the run."""
