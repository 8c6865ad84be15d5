"""google.api.http: rules, templates, routes."""
