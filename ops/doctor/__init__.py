"""`make doctor`: what keeps an installation, its hub bus or a spoke from working, and what mends
it."""
