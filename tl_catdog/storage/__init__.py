"""Files in folders and on object stores, by one interface: whole or an error, never a part."""
