"""Reminders: one table of rules, one pass that writes what is due, one look at the truth before it leaves."""
