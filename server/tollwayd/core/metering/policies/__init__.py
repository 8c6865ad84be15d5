"""Policies, compiled: from what operators wrote to the limits of one call."""
