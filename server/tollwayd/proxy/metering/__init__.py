"""Metering in the path of a call: what it may use, whether it is let through, what it is charged in the end."""
