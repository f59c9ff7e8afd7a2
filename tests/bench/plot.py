"""docs/cost.png: a month's dollars over deployments a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import cost, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.bench.counts import Counts

_COLOURS = ("#2f81f7", "#db6d28", "#2da44e")
_A_DAY = (10, 30, 100, 300, 1000, 3000, 10_000)


def plot(counted: Mapping[str, Counts], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - of `make bench` alone

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    # On a page that is white or dark: no background, and colours with contrast to both.
    grey = "#7d838a"
    mpl.rcParams.update(
        {f"{part}.color": grey for part in ("xtick", "ytick", "text")}
        | {"axes.edgecolor": grey, "axes.labelcolor": grey, "axes.titlecolor": grey}
    )
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=150)
    fixed = sum(cost.fixed().values())
    for (name, met), colour in zip(counted.items(), _COLOURS, strict=True):
        dollars = [fixed + tables.monthly(met, deployments) for deployments in _A_DAY]
        axes.loglog(_A_DAY, dollars, marker="o", color=colour, label=name)
    axes.axhline(fixed, color=grey, linestyle="--", label="without any deployment")
    axes.set_title("What an installation costs, by the images that are deployed")
    axes.set(xlabel="deployments a day (logarithmic)", ylabel="US dollars a month (logarithmic)")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yticks([5, 10, 20, 50, 100])
    axes.yaxis.set_major_formatter("${x:,.0f}")
    axes.yaxis.set_minor_formatter("")
    axes.grid(visible=True, color=grey, alpha=0.25)
    axes.legend(title="images", facecolor="none", edgecolor=grey)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None}, transparent=True)
