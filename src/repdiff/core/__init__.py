"""What every room stands on: errors, progress, interrupts, threads, memory, files, seeds."""
