"""Whatever happens between any two writes: one scan at a time, and no lost alert."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.properties.core_model import (
    FAILED,
    FINDINGS,
    REGISTERED,
    Actor,
    Entry,
    Row,
    Rules,
    Scenario,
    State,
    explore,
)

CALL = Actor("call", "call", "web")
TASK = Actor("task", "task", "web")
OTHER = Actor("call", "other call", "worker")
THIRD = Actor("call", "third call", "third")
REGISTRATION = Actor("registration", "registration")
FORCED = Actor("forced", "request")
SCAN = Actor("scan", "scan 1", "web", at="scanning", scan=1)
STOP = Actor("stop", "stop", "web", at="stop")
KNOWN = Entry(FINDINGS, "long ago", scan=1, announced=True)
NOTIFIED = Row("running", asked=0, notified=1, had=True)
# The scan of a call has a result, and a request by hand comes when that is over or queued.
LEFT_OPEN: dict[str, Any] = {"entry": Entry(FINDINGS, "call", 1), "clock": 1, "started": (1,)}
ROWS = SCAN._replace(at="rows", verdict=FINDINGS)
REDRIVEN = FORCED._replace(at="queued")


def scenario(
    *actors: Actor, due: str, silent: str = "", once: str = "", **start: object
) -> Scenario:
    state = State(Entry(), (), actors)._replace(**start)  # type: ignore[arg-type]
    names = [frozenset(each.split()) for each in (due, silent, once)]
    return Scenario(state, names[0], names[1], names[2])


SCENARIOS = {
    "nothing fails": scenario(CALL, TASK, OTHER, due="web worker"),
    "a call, its task, and another workload": scenario(
        CALL, TASK, OTHER, due="web worker", crashes=1
    ),
    "two crashes": scenario(CALL, TASK, due="web", crashes=2),
    "two scans without a result": scenario(CALL, OTHER, due="web worker", failures=2),
    "a scan without a result, among tasks": scenario(CALL, TASK, due="web", failures=1, crashes=1),
    "a scan without a result, and a crash": scenario(
        CALL, OTHER, due="web worker", failures=1, crashes=1
    ),
    "a machine that is slow": scenario(
        SCAN, OTHER, THIRD, due="web worker third", deaths=1, entry=Entry("LEASE", "call", 1),
        clock=1, started=(1,), rows=(("web", Row("running", 0)),),
    ),
    "a machine that dies": scenario(CALL, OTHER, due="web worker", deaths=1, crashes=1),
    "a workload that stops": scenario(
        CALL, STOP, OTHER, due="web worker", failures=1, crashes=1
    ),
    "a registration ahead": scenario(REGISTRATION, due=REGISTERED, crashes=2, deaths=0),
    "a registration, and what runs it": scenario(REGISTRATION, CALL, due="web", crashes=1),
    "a known verdict": scenario(
        CALL, TASK, OTHER, due="web worker", crashes=1, entry=KNOWN, clock=1,
        rows=(("old", NOTIFIED),), silent="old",
    ),
    "a forced scan": scenario(
        FORCED, OTHER, due="web worker requested", crashes=1, failures=1, entry=KNOWN, clock=1,
        rows=(("gone", Row("stopped", 0, 1)), ("web", NOTIFIED)), silent="gone",
    ),
    "a forced scan that finds nothing": scenario(
        FORCED, due="web", crashes=2, cleans=1, entry=KNOWN, clock=1, rows=(("web", NOTIFIED),),
    ),
    "scans that find nothing": scenario(CALL, TASK, OTHER, due="web worker", crashes=1, cleans=2),
    "a scan by hand beside another": scenario(
        CALL, FORCED, due="web requested", crashes=1, failures=1
    ),
    "a forced scan of what was not announced": scenario(
        ROWS, REDRIVEN, due="web requested", once="gone", crashes=1, **LEFT_OPEN,
        rows=(("gone", Row("stopped", 0)), ("web", Row("running", 0))),
    ),
    "a forced scan of what was announced": scenario(
        ROWS, REDRIVEN, due="web requested", silent="gone", **LEFT_OPEN,
        rows=(("gone", Row("stopped", 0, 1)), ("web", Row("running", 0))),
    ),
    "one more task of what failed": scenario(
        TASK, OTHER, due="web worker", crashes=1, entry=Entry(FAILED, "long ago", 1), clock=1,
        rows=(("web", NOTIFIED),),
    ),
}  # fmt: skip
LOST, LEFT = "lost alert", "neither notified, nor queued, nor claimed"
GONE = "findings that are gone are known"
TWO, WAITS = "two scans at a time", "waits for a scan that nobody makes"
# What a rule prevents, and in which scenario it happens without it.
MUTANTS = {
    "row_first": (LEFT, "nothing fails"),
    "verdict_first": (LEFT, "nothing fails"),
    "mark_last": (LOST, "two crashes"),
    "claims_end": (LOST, "two crashes"),
    "claims": ("notified twice though nothing failed", "nothing fails"),
    "newest_wins": (LEFT, "two scans without a result"),
    "respects_lease": (TWO, "nothing fails"),
    "leases_end": ("a lease is held for ever", "a machine that dies"),
    "named_by_lease": (TWO, "two crashes"),
    "frees_failures": (WAITS, "two scans without a result"),
    "checks_holder": (TWO, "a machine that is slow"),
    "resumes": (LEFT, "two crashes"),
    "stopped_wait": (LOST, "a workload that stops"),
    "chained": (LOST, "a workload that stops"),
    "notifies_of_known": (LEFT, "a known verdict"),
    "keeps": (LEFT, "two crashes"),
    "announces": ("needless alert", "a forced scan of what was announced"),
    "passes_on": (LOST, "a forced scan of what was not announced"),
    "goes_on": (GONE, "a forced scan that finds nothing"),
    "joins": (LOST, "a scan by hand beside another"),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_one_scan_at_a_time_and_no_lost_alert(name: str) -> None:
    explored = explore(SCENARIOS[name])
    assert explored.states > 20
    assert explored.wrong == set()


def test_there_is_a_mutant_of_each_rule() -> None:
    assert set(MUTANTS) == {each.name for each in dataclasses.fields(Rules)}


@pytest.mark.parametrize("rule", MUTANTS)
def test_without_a_rule_the_model_finds_what_it_prevents(rule: str) -> None:
    expected, name = MUTANTS[rule]
    assert expected in explore(SCENARIOS[name].mutant(rule), until=expected).wrong
