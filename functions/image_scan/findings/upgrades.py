"""Finds the upgrades of packages that fix the most findings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST = 3


def best(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns the upgrades that fix the most of some findings, the best first.

    Each has the `packages` to upgrade (`name`, `installed`, `fixed`), and `fixes`, the number of
    findings that need nothing else. Versions are not compared: that differs between distributions.
    """
    needed = [frozenset(each["fixes"]) for each in findings]
    installed: dict[str, str] = {}
    for each in findings:
        for package in each["packages"]:
            name, _, version = package.rpartition(" ")
            installed.setdefault(name or package, version if name else "")
    upgrades: list[dict[str, Any]] = [
        {
            "packages": [_package(fix, installed) for fix in sorted(fixes)],
            "fixes": sum(bool(each) and each <= fixes for each in needed),
        }
        for fixes in dict.fromkeys(needed)
        if fixes
    ]
    return sorted(upgrades, key=lambda each: each["fixes"], reverse=True)[:_MOST]


def _package(fix: str, installed: Mapping[str, str]) -> dict[str, str]:
    name, _, version = fix.rpartition(" ")
    return {"name": name or fix, "installed": installed.get(name, ""), "fixed": version}
