"""Metering: what a call may use, what it did use, and what that costs. Pure; the stores are behind `ports`."""
