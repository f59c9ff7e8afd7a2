"""Writes make commands that work on the same installation."""

DEFAULT_PREFIX = "qualys-image-scan"


def make(target: str, name_prefix: str, **settings: str) -> str:
    """Returns a command with the prefix, unless it is the default, and all non-empty settings."""
    prefix = name_prefix if name_prefix != DEFAULT_PREFIX else ""
    given = {"NAME_PREFIX": prefix, **settings}
    return " ".join(["make", target, *(f"{key}={value}" for key, value in given.items() if value)])
