"""Providers: their service, their rules, and whether they can be reached."""
