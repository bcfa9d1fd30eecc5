"""What frozen backbones compute of pictures, kept in a cache, and linear models on that."""
