"""``evaluate`` and ``compare``: what a network's answers are worth, from saved predictions."""
