"""Getting public picture sets: download, verify, unpack, publish."""
