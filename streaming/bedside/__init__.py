"""What writes to the bedside log: the clock, recordings, simulated patients."""
