"""The built-in links of the interceptor chain, one a file."""
