"""Everything between the gateway and a provider's socket."""
