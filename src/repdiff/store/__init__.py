"""Results <-> run directories, written whole or not at all, and read as far as is asked for."""
