"""What all resources of the Admin API share: standard methods (AIP-131 to 135), names, masks, filters, pages."""
