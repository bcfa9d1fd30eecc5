"""Pretrained backbones: a file for each family; ``registry`` finds one by its architecture."""
