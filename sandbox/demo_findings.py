"""What Qualys finds in the images of the demo."""

from typing import Any


def finding(
    number: int, severity: int, title: str, package: str, fix: str | None = None, **values: Any
) -> dict[str, Any]:
    """Returns a finding in a package (`expat 2.4.3`), with the version that fixes it."""
    name, _, version = package.partition(" ")
    software = [{"name": name, "version": version, "fixVersion": fix}]
    found = {"qid": 370_000 + number, "severity": severity, "title": title, "software": software}
    return {**found, **values}


_EXPLOITED = {"activeAttacks": True, "publicExploit": True}
CRITICAL = [
    finding(
        *(1, 5, "Integer overflow in storeRawNames", "expat 2.4.3", "2.4.5"),
        cveids=["CVE-2022-25315"],
        threatIntel=_EXPLOITED,
    ),
    finding(
        *(2, 5, "Buffer overflow in X.509 e-mail addresses", "openssl 3.0.5", "3.0.7"),
        cveids=["CVE-2022-3602"],
    ),
    finding(
        *(3, 4, "Heap overflow in inflate", "zlib 1.2.12"),
        cveids=["CVE-2022-37434"],
    ),
    finding(4, 2, "Information in the environment", "bash 5.1.4"),
]
HIGH = [
    finding(5, 4, "HSTS bypass", "curl 7.85.0", "7.86.0", cveids=["CVE-2022-42916"]),
]
MEDIUM = [finding(6, 3, "Out-of-bounds read", "tar 1.34", cveids=["CVE-2022-48303"])]
POTENTIAL = [finding(7, 5, "Possible race", "kernel 5.10", typeDetected="POTENTIAL")]
PUBLISHED = [
    finding(8, 5, "Overflow in the parser", "libxml2 2.9.14", "2.9.15", cveids=["CVE-2026-0099"]),
]
