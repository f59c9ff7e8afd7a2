"""`python -m sandbox.hostile`: EVENTS (50) honest deployments, three times as many attacks
after a crowd, and SEED. Ends with 1 if an honest team lost something, and stores the evidence."""

import functools
import os
import random
import sys

from sandbox.aws import REPOSITORY
from sandbox.hostile.report import report
from sandbox.hostile.run import run


def main() -> int:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))  # noqa: S311 - a name
    deployments = int(os.environ.get("EVENTS") or 50)
    print(f"{deployments} honest deployments, SEED={seed}", flush=True)
    result = run(seed, deployments, functools.partial(print, flush=True))
    print(report(result), flush=True)
    if not result.wrong:
        return 0
    stored = REPOSITORY / ".sandbox" / f"hostile-{seed}.txt"
    stored.write_text(result.alone.evidence + result.attacked.evidence)
    print(f"What the account knew of that: {stored}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
