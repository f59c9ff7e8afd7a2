"""Tests the isolation of accounts by experiment: one attacks while the others deploy."""

import ops  # noqa: F401 - adds the functions, whose names are used here, to the path
