"""Tollway: one metered, guarded road between an organisation's programs and the AI providers they call."""
