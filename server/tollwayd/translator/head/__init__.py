"""What a request's head says."""
