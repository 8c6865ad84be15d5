"""Limits as calls meet them, and how each kind of window counts."""
