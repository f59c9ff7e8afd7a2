"""`python -m sandbox.chaos`: EVENTS (2000), RATE (0.2) and SEED; with OUTAGE=1, Qualys is down for
the whole time. Ends with 1 if the promise was broken, and stores the evidence. With GATE=1, EVENTS
(500) deployments of gated services in each mode."""

import functools
import os
import random
import sys

from sandbox.aws import REPOSITORY
from sandbox.chaos import gated_services
from sandbox.chaos.report import report
from sandbox.chaos.run import run


def main() -> int:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))  # noqa: S311 - a name
    is_gate = bool(os.environ.get("GATE"))
    events = int(os.environ.get("EVENTS") or (500 if is_gate else 2000))
    rate = float(os.environ.get("RATE", "0.2"))
    print(f"{events} events, faults at a rate of {rate:.0%}, SEED={seed}", flush=True)
    say = functools.partial(print, flush=True)
    if is_gate:
        results = gated_services.run(seed, events, rate, say)
        print(*results, sep="\n", flush=True)
        return int(any(each.wrong for each in results))
    result = run(seed, events, rate, outage=bool(os.environ.get("OUTAGE")), say=say)
    print(report(result), flush=True)
    if not (result.before.wrong or result.after.wrong):
        return 0
    stored = REPOSITORY / ".sandbox" / f"chaos-{seed}.txt"
    stored.write_text(result.evidence)
    print(f"What the account knew of that: {stored}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
