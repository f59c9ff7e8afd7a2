"""Prints for a terminal, and for a pipe: there, nothing is wrapped, cut or padded.

No other module prints: here, text that others chose is made inert.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, NoReturn, TextIO

from rich import box
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_UNLIMITED = 100_000  # characters of a line that is piped
_BROKEN_PIPE = 141  # as a shell reports SIGPIPE
_PADDING = re.compile(r"[ \t]+$", re.MULTILINE)
# The colours of Terraform and of logs. Others, such as that of hidden text, are replaced.
_COLOUR = r"(?:[0-4]|3[0-79]|9[0-7])"
_COLOURS = re.compile(rf"(\x1b\[{_COLOUR}(?:;{_COLOUR})*m)")


class Output(Console):
    """Standard output."""

    def __init__(self) -> None:
        if sys.stdout.isatty():
            super().__init__()
        else:
            super().__init__(file=Unpadded(sys.stdout), width=_UNLIMITED)  # type: ignore[arg-type]
        self.push_render_hook(_WithoutControls())

    def on_broken_pipe(self) -> NoReturn:
        _end_quietly()


class Notes(Console):
    """Standard error."""

    def __init__(self) -> None:
        super().__init__(stderr=True)
        self.push_render_hook(_WithoutControls())


class _WithoutControls(RenderHook):
    """Replaces characters that would control the terminal. Others write names, log lines and
    messages in queues; the styles of rich are added afterwards."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Inert(each) for each in renderables]


@dataclass(frozen=True)
class _Inert:
    shown: ConsoleRenderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.shown, options):
            text, style, control = segment
            yield segment if control else Segment(inert(text), style)


def inert(text: str) -> str:
    """Replaces what cannot be printed by `?`, but for line breaks."""
    return "".join(each if each.isprintable() or each == "\n" else "?" for each in text)


def write(text: str, *, colours: bool = False) -> None:
    """Writes text without rich, but inert. With `colours`, those of Terraform stay."""
    try:
        sys.stdout.write(_inert_but_colours(text) if colours else inert(text.expandtabs()))
        sys.stdout.flush()
    except BrokenPipeError:
        _end_quietly()


def _end_quietly() -> NoReturn:
    """Ends as other programs do whose reader has ended."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(_BROKEN_PIPE)


def to_stderr(text: str) -> None:
    """Writes a line to standard error."""
    sys.stderr.write(f"{inert(text)}\n")


def inert_stream(stream: TextIO) -> TextIO:
    """Returns a stream that makes text inert before it writes it, but for colours."""
    return _InertStream(stream)  # type: ignore[return-value]  # it has all that a stream has


class _InertStream:
    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(_inert_but_colours(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _inert_but_colours(text: str) -> str:
    """Every second part is a colour."""
    parts = _COLOURS.split(text.expandtabs())
    return "".join(part if at % 2 else inert(part) for at, part in enumerate(parts))


class Unpadded:
    """A stream without spaces at the ends of lines."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(_PADDING.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def refuse(words: str, status: int, *, as_json: bool) -> None:
    """Says on standard error why a command did not do its work; with JSON on standard output,
    too."""
    to_stderr(words)
    if as_json:
        write(f"{json.dumps({'error': words, 'status': status})}\n")


def facts(lines: Iterable[tuple[str, str | Text]], console: Console) -> None:
    """Prints names and values. A long value is not broken, so that it can be copied and found."""
    shown = [(name, value) for name, value in lines if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        line = Text(f"{name:<{width}}  ", style="bold", end="").append(
            value if isinstance(value, Text) else Text(value, style="not bold")
        )
        console.print(line, soft_wrap=True)


def line(text: str | Text, console: Console) -> None:
    """Prints a line without breaking it, and without reading markup in it."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def table(*columns: str, title: str = "") -> Table:
    """Returns a table that fits into 80 columns as far as possible: without lines between."""
    made = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def minute(moment: str) -> str:
    """Shortens a time in ISO 8601 to `2026-03-02 08:15`, in UTC."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def image(uri: str, account_id: str, region: str) -> str:
    """Shortens a URI for a table: without the host of the installation's own registry, and with the
    beginning of the digest."""
    host, _, name = uri.partition("/")
    if name and host.startswith(f"{account_id}.dkr.ecr.{region}."):
        uri = name
    return re.sub(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}", r"\1", uri)
