"""HTTP to messages and back: bodies, queries, masks."""
