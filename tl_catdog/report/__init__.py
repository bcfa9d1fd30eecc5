"""``report``: one offline page with everything about some runs."""
