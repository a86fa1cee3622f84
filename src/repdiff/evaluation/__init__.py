"""How the method compares with others: their groups, the measures, and the table."""
