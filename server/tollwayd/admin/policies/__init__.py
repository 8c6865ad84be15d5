"""Policies and tiers: their services, their rules, and what would become of a call."""
