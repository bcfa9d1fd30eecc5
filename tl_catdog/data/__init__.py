"""From folders of pictures to batches: scan, hash, split, decode, corrupt, augment."""
