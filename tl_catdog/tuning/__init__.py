"""Search for settings, on features that are computed once."""
