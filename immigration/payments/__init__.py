"""Payments: what is due, that it was paid, that it ran out; what does not add up is looked into by a person."""
