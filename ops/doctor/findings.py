"""What a check comes to: one verdict, one reason, and how to fix it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    HINT = "hint"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """`remedy` is a command, or what to do where there is none; empty where all is well. A hint
    breaks nothing: it may be as its owner wants it."""

    verdict: Verdict
    reason: str
    remedy: str = ""


class Unanswered(Exception):
    """A check has no answer: what it rests on is missing or may not be read. Ends as unknown."""

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
