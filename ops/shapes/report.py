"""Compares every answer with its shape, and shows the differences: only names and types."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ops.shapes.differences import Difference, compare, unseen
from ops.shapes.expected import SHAPES
from ops.shapes.observed import observe, texts_of

if TYPE_CHECKING:
    from rich.console import Console

    from ops.shapes.calls import Answer

_TITLE = "Answers of Qualys, compared with what is expected: names and types, no values."


@dataclass(frozen=True)
class Compared:
    """An answer, its differences, and its empty arrays."""

    answer: Answer
    differences: list[Difference]
    unseen: list[str]

    @property
    def is_expected(self) -> bool:
        """Whether the product can read the answer: an unknown name does no harm."""
        return not self.answer.problem and not any(each.read for each in self.differences)

    @property
    def verdict(self) -> str:
        status = f"HTTP {self.answer.status}" if self.answer.status else "no answer"
        if self.answer.problem:
            return f"{status}: {self.answer.problem}, not compared"
        if self.answer.body is None:
            return f"{status}: nothing to compare"
        if not self.differences:
            return f"{status}: as expected"
        count = len(self.differences)
        return f"{status}: {count} difference{'s' if count > 1 else ''}"


def examine(given: list[Answer]) -> list[Compared]:
    texts = frozenset(text for each in given for text in texts_of(each.body))
    found = []
    for answer in given:
        shape = SHAPES[answer.call]
        if answer.body is None:
            found.append(Compared(answer, [], []))
            continue
        seen = observe(answer.body, shape, texts)
        found.append(Compared(answer, compare(seen, shape), unseen(seen, shape)))
    return found


def show(compared: list[Compared], not_asked: list[str], console: Console) -> None:
    """Prints plain text that can be pasted into an issue."""
    lines = [_TITLE]
    for each in compared:
        lines.append(f"GET {each.answer.call}: {each.verdict}")
        lines += [f"  {difference}" for difference in each.differences]
        lines += [f"  {path}: nothing in it, not compared" for path in each.unseen]
    lines += [f"GET {call}: not asked, as there is nothing to ask for" for call in not_asked]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def as_json(compared: list[Compared], not_asked: list[str]) -> str:
    calls = [
        {
            "call": f"GET {each.answer.call}",
            "status": each.answer.status,
            "problem": each.answer.problem,
            "differences": [asdict(difference) for difference in each.differences],
            "not_compared": each.unseen,
        }
        for each in compared
    ]
    expected = all(each.is_expected for each in compared)
    reported = {
        "as_expected": expected,
        "calls": calls,
        "not_asked": [f"GET {call}" for call in not_asked],
    }
    return json.dumps(reported, indent=2)
