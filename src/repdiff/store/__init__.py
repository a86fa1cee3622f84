"""Results <-> run directories, written whole or not at all, and read lazily."""
