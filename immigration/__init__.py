"""The immigration office: its tables and its rules, free of any transport."""
