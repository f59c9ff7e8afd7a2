"""Tests the promise by experiment: deploys while things fail, and checks each result."""

import ops  # noqa: F401 - adds the functions, whose names are used here, to the path
