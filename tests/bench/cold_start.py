"""What a function's cold start takes: modules, instructions and memory, and no time."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.definitions import FUNCTIONS, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

# What AWS lays beside a Python function; its own zip comes first.
_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
# Once as it runs, for modules and memory, and once counting each instruction of the interpreter.
_PROGRAM = """
import sys
sys.path[:0] = {paths!r}
before, instructions = set(sys.modules), 0

def within(frame, event, argument):
    global instructions
    instructions += event == "opcode"
    return within

def enter(frame, event, argument):
    frame.f_trace_opcodes, frame.f_trace_lines = True, False
    return within

if {counting}:
    sys.settrace(enter)
import image_scan.handlers.{function}
sys.settrace(None)
print(instructions if {counting} else len(set(sys.modules) - before))
try:
    print(next(line.split()[1] for line in open("/proc/self/status") if "VmHWM" in line))
except OSError:
    print(0)
"""


@dataclass(frozen=True)
class ColdStart:
    """`instructions` are the interpreter's, in millions; `memory` is the peak in MB, where Linux
    says it, else 0."""

    function: str
    modules: int
    instructions: float
    memory: float


def package(folder: Path) -> Path:
    """The zip that Lambda runs."""
    path = folder / "image_scan.zip"
    script = REPOSITORY / "functions/package.py"
    subprocess.run([sys.executable, script, "--output", path], check=True, capture_output=True)
    return path


def measure(built: Path) -> Iterator[ColdStart]:
    runtime = built.parent / "runtime"
    runtime.mkdir()
    for name in _SDK:
        (runtime / name).symlink_to(Path(sysconfig.get_paths()["purelib"]) / name)
    paths = [str(built), str(runtime)]
    for function in FUNCTIONS:
        modules, peak = _run(_PROGRAM.format(paths=paths, function=function, counting=False))
        instructions, _ = _run(_PROGRAM.format(paths=paths, function=function, counting=True))
        yield ColdStart(function, modules, instructions / 1e6, peak / 1024)


def _run(program: str) -> tuple[int, int]:
    command = [sys.executable, "-I", "-S", "-c", program]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    counted, peak = answer.stdout.split()
    return int(counted), int(peak)


def table(starts: list[ColdStart], size: int) -> str:
    lines = [
        "| function | modules | Python instructions, million | peak memory, MB |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each.function} | {each.modules} | {each.instructions:.1f} | {each.memory:.0f} |"
        for each in starts
    ]
    return "\n".join(lines) + f"\n\nThe zip has {size / 1e6:.2f} MB."
