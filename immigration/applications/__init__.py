"""Applications for passports and stay permits: their states, their records, how they come in and are found."""
