"""Reads Qualys' threat intelligence on a vulnerability: `threatIntel` and `qdsScore`. Pure.

Every key may be absent or null. That means "unknown", never "no threat". No key describes the
image: `malware` is malware that uses the vulnerability.
https://docs.qualys.com/en/cs/api/images/fetch_vulnerability_details_for_an_image.htm
"""

from collections.abc import Iterable, Mapping
from typing import Any

# Signs that attackers use it: attacks were seen (also zero-day attacks), or tools for them. The
# last four keys are not documented, and are read if they are present.
_EXPLOITED = (
    *("activeAttacks", "zeroDay", "malware", "malwareNames", "ransomware"),
    *("ransomwareExploit", "malwareHashes", "threatActors", "cisaKev"),
)
# Signs that attackers could use it: an exploit exists, or none is needed.
_EXPLOIT = (
    *("publicExploit", "publicExploitNames", "easyExploit", "exploitKit", "exploitKitNames"),
)


def is_exploited(entry: Mapping[str, Any]) -> bool:
    """Checks whether attackers are known to exploit the vulnerability now."""
    return _says(entry, _EXPLOITED)


def has_exploit(entry: Mapping[str, Any]) -> bool:
    """Checks whether an exploit exists. For an exploited vulnerability, one does."""
    return _says(entry, _EXPLOIT) or is_exploited(entry)


def qds(entry: Mapping[str, Any]) -> int | None:
    """Returns the Qualys Detection Score, 1 to 100; None without a score, which does not mean 0."""
    score = entry.get("qdsScore")
    if isinstance(score, str) and len(score) < 4 and score.isascii() and score.isdigit():
        score = int(score)
    return score if type(score) is int and 1 <= score <= 100 else None


def rank(entry: Mapping[str, Any]) -> tuple[int, ...]:
    """Returns a sort key within a severity: the most urgent first, those without a score last."""
    return (-is_exploited(entry), -has_exploit(entry), -(qds(entry) or 0))


def _says(entry: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether one of the flags is set, or one of the lists has a name in it."""
    intel = entry.get("threatIntel")
    stated = [intel.get(name) for name in names] if isinstance(intel, Mapping) else []
    return any(any(each) if isinstance(each, list) else _is_set(each) for each in stated)


def _is_set(flag: Any) -> bool:
    return flag is True or (isinstance(flag, str) and flag.lower() == "true")
