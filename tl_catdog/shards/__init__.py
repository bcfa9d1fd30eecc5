"""Work in shards: a plan, its parts, what closes them, and who reads them."""
