"""Slices of limits: parts that a process reserves ahead, so that it can admit calls without asking the store."""
