"""``data check``, ``data fix`` and ``data split``: what is wrong with a set, put right."""
