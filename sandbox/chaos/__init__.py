"""Tests the promise by experiment: deploys while things fail, and checks each result."""
