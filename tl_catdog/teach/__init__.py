"""Labelling and learning in turns: what to ask next, and what the answers so far are worth."""
