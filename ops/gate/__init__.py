"""The deployment gate for operators: which services it gates, and what it decides."""
