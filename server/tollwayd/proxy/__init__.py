"""The Proxy API, and the engine that drives a call to a provider and back."""
