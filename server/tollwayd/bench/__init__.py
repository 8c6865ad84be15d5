"""`tollway bench`: measures a gateway with what it is installed with. `make bench` measures more, with the same
policies and arithmetic."""
