"""``serve``: a local web page and API that answer for one run."""
