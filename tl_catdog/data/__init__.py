"""From folders of pictures to batches: scan, split, decode, augment, draw."""
