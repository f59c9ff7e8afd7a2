"""Defines the result of a check: one verdict, one reason, and how to fix it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    HINT = "hint"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """`remedy` is a command, or an instruction if there is no command; empty if all is well. A
    hint is no error: the owner may want it so."""

    verdict: Verdict
    reason: str
    remedy: str = ""


class Unanswered(Exception):
    """A check has no answer: something that it needs is missing or cannot be read. The verdict is
    "unknown"."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


def passed(reason: str) -> Finding:
    return Finding(Verdict.PASS, reason)


def failed(reason: str, remedy: str) -> Finding:
    return Finding(Verdict.FAIL, reason, remedy)


def hint(reason: str, remedy: str) -> Finding:
    return Finding(Verdict.HINT, reason, remedy)


def unknown(reason: str, remedy: str = "") -> Finding:
    return Finding(Verdict.UNKNOWN, reason, remedy)
