"""Billing: what the ledgers of a month come to under a plan. Pure, and in integers alone."""
