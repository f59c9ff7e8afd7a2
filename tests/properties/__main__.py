"""Fuzzing until the time is over: `python tests/properties`, from the repository's root.

Rounds of pytest over this folder, each with new examples by a seed of its own. FUZZ_MINUTES (10)
says for how long, FUZZ_EXAMPLES (4000) how often a round tries each property, FUZZ_SEED replays one
round. Ends with a failure at the first wrong example, and when there was too little to try.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parent
# As tests/properties/profile.py reads them.
EXAMPLES, ACCOUNT = "FUZZ_EXAMPLES", "FUZZ_ACCOUNT"
# Fewer in all prove nothing: something was left out.
FEWEST = 20_000


class Round(NamedTuple):
    """`tried` by property: how many examples it had."""

    passed: bool
    output: str
    tried: dict[str, int]


def play(folder: Path, seed: int, examples: int) -> Round:
    """One run of pytest, in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        account = Path(scratch, "account.json")
        command = [sys.executable, "-m", "pytest", str(folder), "-q", "-x", "--tb=short"]
        options = ["-p", "no:cacheprovider", f"--ignore={folder / 'test_runner.py'}"]
        ended = subprocess.run(
            [*command, *options, f"--hypothesis-seed={seed}"],
            env={**os.environ, EXAMPLES: str(examples), ACCOUNT: str(account)},
            cwd=folder.parents[1],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        tried = json.loads(account.read_text()) if account.exists() else {}
    return Round(ended.returncode == 0, ended.stdout, tried)


def fuzz(
    play: Callable[[int], Round], minutes: float, examples: int, seed: int | None, fewest: int
) -> int:
    """The exit status; what happens is printed as it does. `play` plays the round of a seed."""
    until = time.monotonic() + minutes * 60
    total: Counter[str] = Counter()
    rounds = 0
    while rounds == 0 or (seed is None and time.monotonic() < until):
        chosen = random.SystemRandom().randrange(2**32) if seed is None else seed
        rounds += 1
        say(f"round {rounds}, seed {chosen}")
        result = play(chosen)
        total.update(result.tried)
        if not result.passed:
            say(result.output)
            again = f"FUZZ_SEED={chosen} FUZZ_EXAMPLES={examples} python tests/properties"
            say(f"FAILED; again: {again}")
            return 1
        for name in sorted(total):
            say(f"  {total[name]:>9,}  {name}")
    say(f"{total.total():,} examples of {len(total)} properties in {rounds} rounds, all held")
    untried = sorted(name for name, times in total.items() if not times)
    if untried or total.total() < fewest:
        say(f"FAILED: too few; at least {fewest:,} are needed, and some of {untried or 'each'}")
        return 1
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    seed = os.environ.get("FUZZ_SEED")
    examples = int(os.environ.get(EXAMPLES, "4000"))
    return fuzz(
        lambda chosen: play(FOLDER, chosen, examples),
        minutes=float(os.environ.get("FUZZ_MINUTES", "10")),
        examples=examples,
        seed=int(seed) if seed else None,
        fewest=FEWEST,
    )


if __name__ == "__main__":
    sys.exit(main())
