"""Semantic versions, and what a release changes in texts. Pure."""

import re
from datetime import date

from ops.errors import OpsError

# As semver.org has it, but without build metadata: git and Terraform name the version, too.
_NUMBER = r"(0|[1-9]\d*)"
_WORD = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_WORD}(?:\.{_WORD})*))?", re.ASCII)
_UNRELEASED = "## Unreleased"
_SOURCE = re.compile(r"\?ref=v[0-9][^\"\s`]*")

Order = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def order(version: str) -> Order:
    """Returns what sorts versions. Raises OpsError for a text that is no semantic version."""
    if (match := _VERSION.fullmatch(version)) is None:
        raise OpsError(f"VERSION={version} is no semantic version, such as 1.2.3 or 1.2.3-rc.1.")
    *numbers, words = match.groups()
    parts = (words or "").split(".")
    # Numbers come before words, and a version with words before the one without.
    ranked = ((not each.isdigit(), int(each) if each.isdigit() else 0, each) for each in parts)
    return tuple(map(int, numbers)), words is None, tuple(ranked)


def require_newer(version: str, before: str) -> None:
    """Raises OpsError."""
    if order(version) <= order(before):
        raise OpsError(f"VERSION={version} is not newer than {before}.")


def released(changelog: str, version: str, day: date) -> str:
    """Moves what is unreleased under a version. Raises OpsError where nothing is."""
    before, found, rest = changelog.partition(f"{_UNRELEASED}\n")
    changes, heading, older = rest.partition("\n## ")
    if not found or not changes.strip():
        raise OpsError(f"CHANGELOG.md says nothing under {_UNRELEASED.removeprefix('## ')}.")
    section = f"{_UNRELEASED}\n\n## {version} ({day.isoformat()})\n{changes}"
    return f"{before}{section}{heading}{older}"


def with_source(text: str, version: str) -> str:
    """Has the source of the module in a document name a version."""
    return _SOURCE.sub(f"?ref=v{version}", text)
