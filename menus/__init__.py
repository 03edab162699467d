"""The USSD dialogue: a pure machine, its session store, its screens and their wording."""
