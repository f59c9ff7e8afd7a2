"""`make bench`: counts, and what they cost; rewrites the tables of docs/cost.md."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.bench import cold_start, latency, plot, result, scale, tables
from tests.bench.trace import DECK

REPOSITORY = Path(__file__).parents[2]
_CORES = 2

notify = partial(print, flush=True)


def main() -> int:
    began = time.monotonic()

    def done(what: str, _part: Future[object]) -> None:
        notify(f"  {what}: counted after {time.monotonic() - began:.0f} s")

    with contextlib.ExitStack() as stack:
        notify(f"Counting, {_CORES} at a time; applying examples/single-account meanwhile")
        applying = stack.enter_context(ThreadPoolExecutor(1)).submit(
            stack.enter_context, latency.applied()
        )
        # The simulator has threads, which a fork would leave behind.
        pool = stack.enter_context(ProcessPoolExecutor(_CORES, mp_context=get_context("spawn")))
        shares = {name: pool.submit(result.count, share) for name, share in result.SHARES.items()}
        sizes = {size: pool.submit(scale.measure, size) for size in scale.SIZES}
        for name, share in shares.items():
            share.add_done_callback(
                partial(done, f"{result.DEPLOYMENTS:,} deployments of which {name}")
            )
        for size, part in sizes.items():
            part.add_done_callback(partial(done, f"one more deployment: {size}"))
        found = {name: part.result() for name, part in shares.items()}
        grown = [*_after(found), *(part.result() for part in sizes.values())]
        installation = applying.result()
        notify("Latencies")
        waits = latency.table(latency.measure(installation))
    notify("Cold starts")
    with tempfile.TemporaryDirectory() as scratch:
        built = cold_start.package(Path(scratch))
        cold = cold_start.table(list(cold_start.measure(built)), built.stat().st_size)
    counted = {name: part.all for name, part in found.items()}
    result.write(found)
    shown = tables.document(counted)
    more = "\n\n".join((scale.table(grown), "## Cold starts", cold, "## Latency", waits))
    notify("", shown, "", more, sep="\n")
    tables.put_between_marks("deployments", shown)
    tables.put_between_marks("growth", more)
    plot.plot(counted, REPOSITORY / "docs/cost.png")
    took = time.monotonic() - began
    notify(f"\nWritten into docs/cost.md and docs/cost.png after {took:.0f} s.")
    return 0


def _after(found: dict[str, result.Counted]) -> list[scale.Marginal]:
    """One more deployment after few and after many."""
    new, known = found["each is new"], found["all are known"]
    many = scale.Size(deployments=result.WARM + result.DEPLOYMENTS - DECK)
    return [
        scale.Marginal(scale.Size(), new.first, known.first),
        scale.Marginal(many, new.last, known.last),
    ]


if __name__ == "__main__":
    sys.exit(main())
