"""`make bench`: counts, and what they cost; rewrites the tables of README.md and docs/cost.md."""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.bench import cold_start, latency, plot, result, scale, tables
from tests.bench.replay import replay
from tests.contract.pipeline import simulated

REPOSITORY = Path(__file__).parents[2]
_EVERY = 250  # steps between two lines of progress

tell = partial(print, flush=True)


def main() -> int:
    began = time.monotonic()
    counted = {}
    with simulated() as simulator:
        for name, share in result.SHARES.items():
            tell(f"{result.DEPLOYMENTS:,} deployments of which {name}")
            played = 0

            def on_step() -> None:
                nonlocal played
                played += 1
                if played % _EVERY == 0:
                    tell(f"  {played:,} steps after {time.monotonic() - began:.0f} s")

            counted[name] = replay(result.trace(share), result.WARM, simulator, on_step)
        tell("One more deployment, as installs grow")
        grown = scale.table(list(scale.measure(simulator)))
    tell("Cold starts")
    with tempfile.TemporaryDirectory() as scratch:
        built = cold_start.package(Path(scratch))
        cold = cold_start.table(list(cold_start.measure(built)), built.stat().st_size)
    tell("Applying examples/single-account, for latencies")
    waits = latency.table(latency.measure())
    result.write(counted)
    shown = tables.document(counted)
    more = "\n\n".join((grown, "## Cold starts", cold, "## Latency", waits))
    tell("", shown, "", more, sep="\n")
    tables.put_between_marks(REPOSITORY / "README.md", shown)
    tables.put_between_marks(REPOSITORY / "docs/cost.md", more)
    plot.plot(counted, REPOSITORY / "docs/cost.png")
    took = time.monotonic() - began
    tell(f"\nWritten into README.md, docs/cost.md and docs/cost.png after {took:.0f} s.")
    return 0


sys.exit(main())
