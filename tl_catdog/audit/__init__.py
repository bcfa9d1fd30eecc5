"""Finding what is wrong with a picture set, and putting it aside."""
