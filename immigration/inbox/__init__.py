"""What citizens write back to us: which wish a text carries, and what is done about it."""
