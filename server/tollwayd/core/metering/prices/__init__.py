"""What tokens cost: the price list, prices of tenants, and the one that is in force."""
