"""Offices: their services, fees and papers, when they are open, and the reference files that say so."""
