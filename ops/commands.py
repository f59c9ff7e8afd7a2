"""Commands of make that find the same installation again."""

from ops.installation import DEFAULT_PREFIX


def make(target: str, name_prefix: str, **settings: str) -> str:
    """With the prefix where it is not the default, and the settings that are not empty."""
    prefix = name_prefix if name_prefix != DEFAULT_PREFIX else ""
    given = {"NAME_PREFIX": prefix, **settings}
    return " ".join(["make", target, *(f"{key}={value}" for key, value in given.items() if value)])
