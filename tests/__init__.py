"""Ours: terraform-compliance brings another package of this name."""
