"""``train``: prepare inputs, fit each stage, predict the splits, write the run."""
