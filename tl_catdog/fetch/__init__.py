"""``data get`` and ``data list``: public sets: download, verify, unpack, publish."""
