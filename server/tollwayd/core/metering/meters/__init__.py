"""What admits calls by limits in this process: alone, while the store is away, or from slices of a limit."""
