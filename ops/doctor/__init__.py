"""`make doctor`: finds errors of an installation, its hub bus or a spoke, and how to fix them."""
