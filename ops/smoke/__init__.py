"""`make smoke`: one event of our own on its whole way, from a registration to a verdict."""
