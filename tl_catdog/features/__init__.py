"""Features from frozen backbones, kept in a cache, and linear models trained on them."""
