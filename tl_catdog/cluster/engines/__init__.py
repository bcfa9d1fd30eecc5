"""Engines: who hands shards out, and brings back what became of them."""
