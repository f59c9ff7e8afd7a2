"""Keys of the state table, which holds what the installation remembers about itself.

Each subject has a prefix of its own: a function may touch the prefixes that its policy names, which
has the same ones. No key contains a name that somebody else chose, but at most its hash.
"""

import hashlib

REGISTRIES = "registry#"
PERMITS = "permit#"
NOTICES = "notice#"
EXCEPTIONS = "exceptions#"
REGISTERED = "registered#"
COVERAGE = "coverage#"
SECURITY_HUB = "security-hub#"
OPEN_FINDINGS = "open-findings#"


def hashed(name: str) -> str:
    """Returns what stands in a key for a name that somebody else chose."""
    return hashlib.sha256(name.encode()).hexdigest()
