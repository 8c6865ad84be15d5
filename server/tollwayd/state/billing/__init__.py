"""Invoices over Redis: each change is one script, and safe to repeat."""
