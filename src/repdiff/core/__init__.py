"""What all other packages build on: errors, progress, interrupts, threads, memory, files, geometry."""
