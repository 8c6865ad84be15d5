"""Keys, their hashes, and sealed secrets."""
