"""Is each patch of the embedded AWS still needed? `python -m tests.sandbox.needed`, from the root.

Leaves out one patch after the other, and runs the test that holds it, which has to fail. Ends with
a failure when one does not, or when a test fails with all patches applied.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from sandbox.emulator_process import REPOSITORY
from tests.sandbox.held_by import HELD_BY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AT_ONCE = 2


class Ran(NamedTuple):
    """A run of pytest. It `failed` where a test itself did, not only its fixture or its import."""

    passed: bool
    failed: bool
    output: str


def play(*tests: str, without: str = "") -> Ran:
    """Runs tests on an embedded AWS of their own, without the patch of that name."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "--tb=short",
        "-rf",
        "-p",
        "no:cacheprovider",
    ]
    ended = subprocess.run(
        [*command, *tests],
        env=os.environ | ({"SANDBOX_WITHOUT": without} if without else {}),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    failed = any(line.startswith("FAILED ") for line in ended.stdout.splitlines())
    return Ran(ended.returncode == 0, failed, ended.stdout)


def check(held_by: Mapping[str, str], play: Callable[..., Ran] = play) -> int:
    """The exit status; what is found of each patch is printed when it is known."""
    whole = play(*dict.fromkeys(held_by.values()))
    if not whole.passed:
        say(whole.output)
        say("FAILED: these tests do not pass with all patches, so they say nothing about any")
        return 1
    with ThreadPoolExecutor(AT_ONCE) as pool:
        needed = list(pool.map(functools.partial(is_needed, play), held_by, held_by.values()))
    say(f"{sum(needed)} of {len(needed)} patches are needed")
    return 0 if all(needed) else 1


def is_needed(play: Callable[..., Ran], patch: str, test: str) -> bool:
    ran = play(test, without=patch)
    if ran.failed:
        say(f"needed      {patch}")
    elif ran.passed:
        say(f"NOT NEEDED  {patch}: {test} passes without it")
    else:
        say(f"UNKNOWN     {patch}: {test} did not run\n{ran.output}")
    return ran.failed


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(check(HELD_BY))
