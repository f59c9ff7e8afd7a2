"""`make doctor`: what keeps an install, its hub bus or a spoke from working, and what mends it."""
