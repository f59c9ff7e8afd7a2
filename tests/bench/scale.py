"""What one more deployment takes, as installs grow."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench import cost, counts
from tests.bench.replay import replay
from tests.bench.trace import Trace

_WARM = 20
_MEASURED = 20  # a deck: polls and findings are the same for each size


@dataclass(frozen=True)
class Size:
    """`deployments` have gone before, over so many `accounts`, of tasks with so many `images`."""

    deployments: int = _WARM
    accounts: int = 1
    images: int = 2


SIZES = (
    Size(),
    Size(deployments=200),
    Size(accounts=5),
    Size(accounts=20),
    Size(images=1),
    Size(images=5),
    Size(images=10),
)


@dataclass(frozen=True)
class Marginal:
    """Of one deployment of a new image, and of one that is known."""

    size: Size
    transitions: tuple[float, float]
    qualys_calls: tuple[float, float]
    invocations: tuple[float, float]
    dollars_per_1000: tuple[float, float]


def measure(size: Size) -> Marginal:
    met = []
    for share in (1.0, 0.0):
        trace = Trace(
            deployments=size.deployments + _MEASURED,
            new_share=share,
            services=_WARM,
            sidecars=size.images - 1,
            accounts=size.accounts,
        )
        met.append(replay(trace, size.deployments))
    new, known = met
    return Marginal(
        size,
        _each(cost.transitions(new), cost.transitions(known)),
        _each(new.total(counts.QUALYS), known.total(counts.QUALYS)),
        _each(new.total(counts.INVOCATIONS), known.total(counts.INVOCATIONS)),
        tuple(sum(cost.variable(each).values()) / _MEASURED * 1000 for each in met),  # type: ignore[arg-type]
    )


def table(marginals: list[Marginal]) -> str:
    lines = [
        "| deployed before | accounts | images a task | transitions | Qualys calls | invocations "
        "| $ per 1,000 |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in marginals:
        size = each.size
        cells = [f"{size.deployments:,}", str(size.accounts), str(size.images)]
        cells += [
            f"{new:.2f} / {known:.2f}"
            for new, known in (each.transitions, each.qualys_calls, each.invocations)
        ]
        new, known = each.dollars_per_1000
        cells.append(f"{new:.3f} / {known:.3f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _each(new: int, known: int) -> tuple[float, float]:
    return new / _MEASURED, known / _MEASURED
