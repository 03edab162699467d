"""Visits: which seats there are, who holds or has booked them, who waits for one, and the day at the office."""
