"""Makes a release: `make release`. For maintainers; no operator needs it."""
