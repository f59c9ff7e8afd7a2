"""`make doctor`: what is wrong with an installation, its hub bus or a spoke, and how to fix it."""
