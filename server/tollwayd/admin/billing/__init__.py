"""Billing accounts, plans and invoices."""
