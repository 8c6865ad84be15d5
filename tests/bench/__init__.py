"""The benchmark: ratios of one run on one machine, which are worth keeping, and not its absolute figures."""
