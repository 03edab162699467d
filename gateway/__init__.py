"""Everything that speaks HTTP or a terminal: webhooks, API, simulator, command line."""
