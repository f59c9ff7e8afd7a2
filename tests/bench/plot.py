"""docs/cost.png: a month's dollars over deployments a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import cost, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.bench.counts import Counts

_A_DAY = (10, 30, 100, 300, 1000, 3000, 10_000)


def plot(counted: Mapping[str, Counts], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - of `make bench` alone

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(7, 4), dpi=100)
    fixed = sum(cost.fixed().values())
    for name, met in counted.items():
        dollars = [fixed + tables.monthly(met, deployments) for deployments in _A_DAY]
        axes.loglog(_A_DAY, dollars, marker="o", label=name)
    axes.axhline(fixed, color="grey", linestyle="--", label="fixed")
    axes.set(xlabel="deployments a day", ylabel="US dollars a month")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yticks([5, 10, 20, 50, 100])
    axes.yaxis.set_major_formatter("${x:,.0f}")
    axes.yaxis.set_minor_formatter("")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
