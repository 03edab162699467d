"""One module per telecom aggregator, behind one small port."""
