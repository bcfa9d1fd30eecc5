"""``explain``: where a network looked, and what its layers left of a picture."""
