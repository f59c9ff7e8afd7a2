"""Lists the stages of an event, in their order, and the doctor's checks of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ops.doctor.checks import CHECKS
from ops.doctor.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.doctor.here import Here

Stage = Literal["trail", "rule", "intake", "scan", "verdict"]
STAGES: tuple[Stage, ...] = get_args(Stage)
_QUALYS = (
    *("gateway-reachable", "secret-readable", "credential-accepted", "credential-life"),
    *("registry-role", "registry-trust", "external-id", "registry-connected", "sensor-alive"),
    "clocks-agree",
)
# Stages that can be checked before anything is registered.
PREPARED: tuple[Stage, ...] = ("trail", "rule")
# The checks of the parts that a stage needs.
CHECKS_OF: dict[Stage, tuple[str, ...]] = {
    "trail": ("trail-exists", "trail-logging", "trail-write-events"),
    "rule": ("deployments-rule", "events-role", "machine-roles"),
    "intake": ("function-roles", "functions-active", "key-enabled"),
    "scan": _QUALYS,
    "verdict": _QUALYS,
}


@dataclass(frozen=True)
class Remedy:
    """An error, the doctor's check that found it, and its remedy."""

    check: str
    reason: str
    remedy: str


def from_stage(stage: Stage) -> tuple[Stage, ...]:
    """Returns the stages in which the cause may be. If no event has arrived, the intake may be at
    fault too."""
    return ("trail", "rule", "intake") if stage in ("trail", "rule") else (stage,)


def advice(stage: Stage, make: Callable[..., str]) -> str:
    """Returns what to do if no check has found the cause. `make` writes commands."""
    later = "wait longer with WAIT_MINUTES=60"
    commands = {
        "trail": f"CloudTrail may take a quarter of an hour: {later}",
        "rule": make("logs", FUNCTION="intake"),
        "intake": make("logs", FUNCTION="check_cache"),
        "scan": make("status"),
        "verdict": f"{make('status')}, or {later}",
    }
    return commands[stage]


def remedies(here: Here, *stages: Stage) -> list[Remedy]:
    """Returns the failed checks of these stages."""
    named = {name for stage in stages for name in CHECKS_OF[stage]}
    found = [(check.name, check.run(here)) for check in CHECKS if check.name in named]
    return [
        Remedy(name, finding.reason, finding.remedy)
        for name, finding in found
        if finding.verdict is Verdict.FAIL
    ]
