"""Tests the isolation of accounts by experiment: one attacks while the others deploy."""
