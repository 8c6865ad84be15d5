"""Where Redis is: one server, a Sentinel group or a cluster, and which server has a key's data at present."""
