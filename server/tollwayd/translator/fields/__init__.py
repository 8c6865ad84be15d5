"""Fields by their names, and values as text."""
