"""Background work: RQ jobs, the clock and upkeep."""
