"""What one more deployment takes, as installations grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench import cost, counts
from tests.bench.replay import replay
from tests.bench.result import WARM
from tests.bench.trace import DECK, Trace

if TYPE_CHECKING:
    from tests.bench.counts import Counts


@dataclass(frozen=True)
class Size:
    """`deployments` have gone before, over so many `accounts`, of tasks with so many `images`."""

    deployments: int = WARM
    accounts: int = 1
    images: int = 2


# Beside the traces of `result`, which say how it goes on after many deployments.
SIZES = (Size(accounts=20), Size(images=1), Size(images=10))


@dataclass(frozen=True)
class Marginal:
    """Of a deck of deployments of new images, and of one of known images."""

    size: Size
    new: Counts
    known: Counts


def measure(size: Size) -> Marginal:
    new, known = (
        replay(
            Trace(
                deployments=size.deployments + DECK,
                new_share=share,
                services=WARM,
                sidecars=size.images - 1,
                accounts=size.accounts,
            ),
            size.deployments,
        )
        for share in (1.0, 0.0)
    )
    return Marginal(size, new, known)


def table(marginals: list[Marginal]) -> str:
    lines = [
        "| deployed before | accounts | images a task | transitions | Qualys calls | invocations "
        "| $ per 1,000 |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in marginals:
        size, both = each.size, (each.new, each.known)
        cells = [f"{size.deployments:,}", str(size.accounts), str(size.images)]
        cells += [
            " / ".join(f"{total / DECK:.2f}" for total in totals)
            for totals in (
                [cost.transitions(met) for met in both],
                [met.total(counts.QUALYS) for met in both],
                [met.total(counts.INVOCATIONS) for met in both],
            )
        ]
        dollars = [sum(cost.variable(met, DECK).values()) / DECK * 1000 for met in both]
        cells.append(" / ".join(f"{each:.3f}" for each in dollars))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
