"""How the method fares beside others: their groups, the measures of all, and the table."""
