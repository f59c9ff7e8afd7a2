"""`make smoke`: sends one test event through all parts, from a registration to a verdict."""
