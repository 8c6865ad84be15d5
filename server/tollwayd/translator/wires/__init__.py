"""The protocols that requests come in, a wire each."""
