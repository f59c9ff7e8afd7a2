"""What a function's cold start takes: modules that are imported, and instructions where the machine
counts them (perf); no time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.workflow.definitions import FUNCTIONS, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

# What AWS lays beside a Python function; its own zip comes first.
_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
_PERF = ("perf", "stat", "--field-separator=,", "--event=instructions:u")
# What a handler needs before it can answer: itself, and the clients that it makes.
_PROGRAM = """
import sys
sys.path[:0] = {paths!r}
before = set(sys.modules)
import image_scan.handlers.{function}
print(len(set(sys.modules) - before))
"""


@dataclass(frozen=True)
class ColdStart:
    """`instructions` in millions; None where nobody counts them."""

    function: str
    modules: int
    instructions: float | None


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
    empty = _run(_PROGRAM.replace("import image_scan.handlers.{function}", "").format(paths=paths))
    for function in FUNCTIONS:
        modules, instructions = _run(_PROGRAM.format(paths=paths, function=function))
        counted = instructions - empty[1] if instructions and empty[1] else None
        yield ColdStart(function, modules, counted)


def table(starts: list[ColdStart], size: int) -> str:
    lines = ["| function | modules | million instructions |", "| --- | ---: | ---: |"]
    for each in starts:
        counted = "not counted" if each.instructions is None else f"{each.instructions:.0f}"
        lines.append(f"| {each.function} | {each.modules} | {counted} |")
    return "\n".join(lines) + f"\n\nThe zip has {size / 1e6:.2f} MB."


def _run(program: str) -> tuple[int, float | None]:
    command = [sys.executable, "-I", "-S", "-c", program]
    perf = list(_PERF) if shutil.which("perf") else []
    answer = subprocess.run([*perf, *command], capture_output=True, text=True, check=True)
    told = [line.split(",") for line in answer.stderr.splitlines() if "instructions" in line]
    counted = told[0][0] if told else ""
    return int(answer.stdout), int(counted) / 1e6 if counted.isdigit() else None
