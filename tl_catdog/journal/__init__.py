"""Moving files so that it can be undone."""
