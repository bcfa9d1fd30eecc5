"""Staged training: build, fit each stage, keep the best, leave a run folder."""
