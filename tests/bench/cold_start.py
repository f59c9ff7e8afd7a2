"""What a function's cold start takes: the modules that are imported, and no time."""

from __future__ import annotations

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
    function: str
    modules: int


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
        program = _PROGRAM.format(paths=paths, function=function)
        command = [sys.executable, "-I", "-S", "-c", program]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        yield ColdStart(function, int(answer.stdout))


def table(starts: list[ColdStart], size: int) -> str:
    lines = ["| function | modules |", "| --- | ---: |"]
    lines += [f"| {each.function} | {each.modules} |" for each in starts]
    return "\n".join(lines) + f"\n\nThe zip has {size / 1e6:.2f} MB."
