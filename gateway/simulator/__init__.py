"""What plays the world outside in a demonstration? Citizens' phones in the browser, and the SMS aggregator.

Nothing is imported here: a worker that plays the aggregator has no use for the page's web framework.
"""
