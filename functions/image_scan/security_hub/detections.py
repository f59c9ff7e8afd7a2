"""Converts malware and secrets of an image to findings of Security Hub: one per kind. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from image_scan.findings.detections import ADVICE, LEVELS, total

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("malware", "secrets")
_TYPES = {
    "malware": ["TTPs/Execution/Malware"],
    "secrets": ["Sensitive Data Identifications/Passwords"],
}
_LONGEST_MALWARE, _MOST_MALWARE = 64, 5


class Part(NamedTuple):
    """The parts in which the findings of one image differ.

    `number` is 0 if nothing is found any more; `counted` is the number in words, `more` are fields
    of ASFF.
    """

    number: int
    severity: dict[str, str]
    types: list[str]
    counted: str
    description: str
    advice: str
    fields: dict[str, str]
    more: dict[str, Any]


def unmentioned(detail: Mapping[str, Any]) -> set[str]:
    """Returns the kinds that the scan did not look for: whether they changed is unknown."""
    return {kind for kind in KINDS if kind not in detail}


def found(detail: Mapping[str, Any]) -> list[str]:
    return [kind for kind in KINDS if total(detail.get(kind))]


def part(detail: Mapping[str, Any], kind: str) -> Part:
    """Returns the part of a kind. Its severity is the highest severity of the kind."""
    counts = detail.get(kind) or dict.fromkeys(LEVELS, 0)
    count = sum(counts.values())
    worst = next((level for level in LEVELS if counts[level]), "informational")
    named = [each for each in detail.get("detections", []) if each["kind"] == kind.rstrip("s")]
    names = ", ".join(each["name"] for each in named)
    by_level = ", ".join(f"{counts[level]} {level}" for level in LEVELS)
    words = {
        "malware": f"malware in {count} {'file' if count == 1 else 'files'}",
        "secrets": f"{count} {'secret' if count == 1 else 'secrets'}",
    }
    more: dict[str, Any] = {}
    if kind == "malware" and named:
        rows = [{"Name": _short(each["name"]), "State": "OBSERVED"} for each in named]
        more["Malware"] = rows[:_MOST_MALWARE]
    return Part(
        number=count,
        severity={"Label": worst.upper(), "Original": worst},
        types=_TYPES[kind],
        counted=words[kind],
        description=f"Qualys finds {words[kind]} in the container image: {by_level}. {names}",
        advice=ADVICE[kind],
        fields={f"image-scan/{kind}": names},
        more=more,
    )


def _short(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name)[:_LONGEST_MALWARE] or "-"
