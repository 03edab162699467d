"""Measurements against baselines of the same run. Nothing here asserts a time."""
