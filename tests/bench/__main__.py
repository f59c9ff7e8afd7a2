"""`make bench`: counts, and what they cost; rewrites the tables of README.md and docs/cost.md."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.bench import cold_start, latency, plot, result, scale, tables

REPOSITORY = Path(__file__).parents[2]
_CORES = 2

tell = partial(print, flush=True)


def main() -> int:
    began = time.monotonic()

    def done(what: str, _part: Future[object]) -> None:
        tell(f"  {what}: counted after {time.monotonic() - began:.0f} s")

    tell(f"Counting, {_CORES} at a time")
    # The simulator has threads, which a fork would leave behind.
    with ProcessPoolExecutor(_CORES, mp_context=get_context("spawn")) as pool:
        sizes = {size: pool.submit(scale.measure, size) for size in reversed(scale.SIZES)}
        shares = {name: pool.submit(result.count, share) for name, share in result.SHARES.items()}
        for size, part in sizes.items():
            part.add_done_callback(partial(done, f"one more deployment after {size}"))
        for name, part in shares.items():
            part.add_done_callback(
                partial(done, f"{result.DEPLOYMENTS:,} deployments of which {name}")
            )
    counted = {name: part.result() for name, part in shares.items()}
    grown = scale.table([sizes[size].result() for size in scale.SIZES])
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


if __name__ == "__main__":
    sys.exit(main())
