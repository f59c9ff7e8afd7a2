"""The filter language (QQL), as far as its use is documented or seen.

    token:value   token:"phrase"   token:`exact`   token:*   token:[now-7d ... now]   and or not ( )

Text tokens match a phrase inside the value, which is why a caller has to compare what comes back;
the others match the whole value. Everything else is refused with 400 (the status is undocumented).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.qualys.answers import Refusal

Row = dict[str, list[Any]]  # token -> the values that a record has for it; times in epoch seconds
Match = Callable[[Row], bool]

_LEXEME = re.compile(
    r"""\s*(?:
        (?P<paren>[()])
      | (?P<word>and|or|not)(?=[\s()]|$)
      | (?P<token>[A-Za-z][\w.]*)\s*:\s*(?:
            "(?P<phrase>[^"]*)" | `(?P<exact>[^`]*)` | \[(?P<range>[^\]]*)\]
          | (?P<bare>[^\s()\[\]"`:]+)(?=[\s)]|$) )
    )""",
    re.VERBOSE,
)
_NOW = re.compile(r"now(?:-(\d+)([smhdw]))?$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Tokens:
    """What a list can be searched by."""

    keywords: frozenset[str]
    texts: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    fixed: Mapping[str, bool] = field(default_factory=dict)  # tokens that find all rows, or none

    def __contains__(self, name: str) -> bool:
        return any(name in group for group in (self.keywords, self.texts, self.times, self.numbers))


def compile_filter(text: str, tokens: Tokens, now: float) -> Match:
    """The predicate of a filter; the empty one matches everything. Raises Refusal 400."""
    if not text.strip():
        return lambda _row: True
    parser = _Parser(_lexemes(text), tokens, now)
    match = parser.any_of()
    if parser.peek() is not None:
        raise _bad(f"unexpected {parser.peek()}")
    return match


def terms(text: str) -> list[tuple[str, str]]:
    """The tokens of a filter and their values, whatever else it says; ranges have none."""
    found = [match.groupdict() for match in _LEXEME.finditer(text)]
    return [
        (one["token"], value)
        for one in found
        for value in (one["phrase"], one["exact"], one["bare"])
        if one["token"] and value is not None
    ]


def _bad(reason: str) -> Refusal:
    return Refusal(400, f"Invalid filter: {reason}")


def _lexemes(text: str) -> list[dict[str, str]]:
    found, position = [], 0
    while text[position:].strip():
        lexeme = _LEXEME.match(text, position)
        if lexeme is None:
            raise _bad(f"cannot read {text[position:].strip()!r}")
        found.append({name: part for name, part in lexeme.groupdict().items() if part is not None})
        position = lexeme.end()
    return found


class _Parser:
    def __init__(self, lexemes: list[dict[str, str]], tokens: Tokens, now: float) -> None:
        self._rest = lexemes
        self._tokens = tokens
        self._now = now

    def peek(self) -> str | None:
        if not self._rest:
            return None
        first = self._rest[0]
        return first.get("paren") or first.get("word") or first["token"]

    def any_of(self) -> Match:
        sides = [self._all_of()]
        while self.peek() == "or":
            self._rest.pop(0)
            sides.append(self._all_of())
        return lambda row: any(side(row) for side in sides)

    def _all_of(self) -> Match:
        sides = [self._negation()]
        while self.peek() == "and":
            self._rest.pop(0)
            sides.append(self._negation())
        return lambda row: all(side(row) for side in sides)

    def _negation(self) -> Match:
        head = self.peek()
        if head is None or head in ("and", "or", ")"):
            raise _bad("an expression is missing")
        lexeme = self._rest.pop(0)
        if head == "not":
            inner = self._negation()
            return lambda row: not inner(row)
        if head == "(":
            inner = self.any_of()
            if self.peek() != ")":
                raise _bad("a parenthesis is not closed")
            self._rest.pop(0)
            return inner
        return _term(lexeme, self._tokens, self._now)


def _term(lexeme: dict[str, str], tokens: Tokens, now: float) -> Match:
    name = lexeme["token"]
    if name not in tokens:
        raise _bad(f"unknown token {name}")
    if name in tokens.fixed:
        return lambda _row: tokens.fixed[name]
    if lexeme.get("bare") == "*":
        return lambda row: bool(row.get(name))
    if "range" in lexeme:
        return _within(name, lexeme["range"], tokens, now)
    if name in tokens.times:
        raise _bad(f"{name} needs a range")
    if "exact" in lexeme:
        exact = lexeme["exact"]
        return lambda row: exact in _texts(row, name)
    wanted = lexeme.get("phrase", lexeme.get("bare", "")).lower()
    if name in tokens.texts:
        phrase = re.compile(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])")
        return lambda row: any(phrase.search(text.lower()) for text in _texts(row, name))
    return lambda row: wanted in (text.lower() for text in _texts(row, name))


def _within(name: str, text: str, tokens: Tokens, now: float) -> Match:
    ends = [end.strip().strip('"') for end in re.split(r"\.\.\.?", text, maxsplit=1)]
    if len(ends) != 2 or name not in tokens.times | tokens.numbers:
        raise _bad(f"{name}:[{text}]")
    try:
        low, high = (float(end) if name in tokens.numbers else _moment(end, now) for end in ends)
    except ValueError as error:
        raise _bad(f"{name}:[{text}]") from error
    return lambda row: any(low <= value <= high for value in row.get(name, []))


def _moment(text: str, now: float) -> float:
    relative = _NOW.match(text)
    if relative is None:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    amount, unit = relative.groups()
    return now - timedelta(**{_UNITS[unit]: int(amount)}).total_seconds() if unit else now


def _texts(row: Row, name: str) -> Iterable[str]:
    return [_text(value) for value in row.get(name, [])]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
