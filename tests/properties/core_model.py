"""A model of the core: cache entry, inventory rows, and whatever reads and writes them.

docs/core.md has the same in words. Each step of an actor is one atomic call of DynamoDB, Step
Functions or SNS. Between two steps any other actor may take one, and an actor may die at any.
`explore` visits every state that can be reached, and says what is wrong in one of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FINDINGS, CLEAN, FAILED, LEASE = "FINDINGS", "CLEAN", "FAILED", "LEASE"
REGISTERED = "registered"  # stands for the workload where nothing runs the image yet
REQUESTED = "requested"  # and for who asks by hand


class Entry(NamedTuple):
    """A cache entry. `scan` numbers its lease; `since` is when the first scan began that was to
    answer those who wait for this one. `requests` are those who wait and have no row; `announced`:
    all who waited were notified."""

    status: str = ""  # "", LEASE, FINDINGS, CLEAN or FAILED
    owner: str = ""
    scan: int = 0
    since: int = 0
    is_over: bool = False  # the lease has run out
    requests: tuple[str, ...] = ()
    announced: bool = False


class Row(NamedTuple):
    """An inventory row. `notified` is the scan that the workload was notified of, `claim` who is
    about to notify it, and of which scan; `had`: what it was notified of was found there last."""

    state: str = ""  # "", "running" or "stopped"
    asked: int = -1
    notified: int = 0
    claim: tuple[str, int] = ("", 0)
    had: bool = False


class Actor(NamedTuple):
    """`at` is the step that it takes next; "queued" waits for a redrive. `todo` are workloads."""

    kind: str  # "call", "task", "registration", "forced", "reconciled", "scan" or "stop"
    name: str
    workload: str = ""
    at: str = "note"
    scan: int = 0
    verdict: str = ""
    is_known: bool = False  # one more task of what is known
    completes: bool = False  # completes a scan, its own or that of its event
    todo: tuple[str, ...] = ()


class State(NamedTuple):
    """`clock` counts the leases. `sent` are (workload, verdict, scan), each as often as it was
    sent, `started` the scans. So many `crashes`, `deaths` of machines and `failures` of scans may
    still happen, and so many scans may find nothing (`cleans`)."""

    entry: Entry
    rows: tuple[tuple[str, Row], ...]
    actors: tuple[Actor, ...]
    clock: int = 0
    crashes: int = 0
    deaths: int = 0
    failures: int = 0
    cleans: int = 0
    sent: tuple[tuple[str, str, int], ...] = ()
    started: tuple[int, ...] = ()
    is_late: bool = False  # a day has passed, and what runs was compared with what is known

    def row(self, workload: str) -> Row:
        return dict(self.rows).get(workload, Row())

    def with_row(self, workload: str, row: Row) -> State:
        return self._replace(rows=tuple(sorted({**dict(self.rows), workload: row}.items())))

    def with_actor(self, number: int, actor: Actor) -> State:
        """An actor that is over has left."""
        left = () if actor.at == "over" else (actor,)
        return self._replace(actors=(*self.actors[:number], *left, *self.actors[number + 1 :]))


@dataclass(frozen=True)
class Rules:
    """How the core behaves. A mutant turns one of them round."""

    row_first: bool = True  # an event writes its row before it asks the cache
    verdict_first: bool = True  # completion writes the verdict before it reads the rows
    mark_last: bool = True  # a row is marked after the notification, not before
    claims_end: bool = True  # a claim can be taken again by its holder, and runs out
    claims: bool = True  # who notifies claims the row before
    newest_wins: bool = True  # a claim of an older scan keeps nobody from notifying of a newer one
    respects_lease: bool = True  # nobody takes a lease that still counts
    leases_end: bool = True  # a lease runs out
    named_by_lease: bool = True  # one lease starts one execution, however often it is started
    frees_failures: bool = True  # a scan without a result frees the entry
    checks_holder: bool = True  # only who holds the lease may complete it
    resumes: bool = True  # a completion that comes again goes on where it died
    stopped_wait: bool = True  # who has asked waits, though it has stopped meanwhile
    chained: bool = True  # who waited for a scan without a result waits for the next one
    notifies_of_known: bool = True  # who comes to a known verdict is notified of it
    keeps: bool = True  # what cannot be processed is queued
    announces: bool = True  # who was notified of a verdict is not answered by the next scan as well
    passes_on: bool = True  # who was not is, though the verdict is known
    goes_on: bool = True  # a redrive goes on with a verdict that nobody has to be notified of
    joins: bool = True  # who asks by hand beside a scan that runs is answered by it


@dataclass(frozen=True)
class Scenario:
    """`due` are the workloads that have to be notified of the last verdict, `once` those that
    have to be notified at all, and `silent` those that must not."""

    start: State
    due: frozenset[str]
    silent: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()
    rules: Rules = field(default_factory=Rules)

    def mutant(self, name: str) -> Scenario:
        return replace(self, rules=replace(self.rules, **{name: not getattr(self.rules, name)}))


def is_due(rules: Rules, entry: Entry, row: Row) -> bool:
    """Whether a workload waits for the verdict of an entry: it runs the image, or has asked since
    the first of the scans began."""
    asked = rules.stopped_wait and row.asked >= entry.since
    waits = row.state == "running" or (row.state == "stopped" and asked)
    return waits and row.notified != entry.scan


class End(NamedTuple):
    """What can be seen when all is over: the entry, who was notified of its scan, how many scans
    there were, and of whom findings are still known."""

    status: str
    notified: frozenset[str]
    scans: int
    had: frozenset[str]


class Explored(NamedTuple):
    states: int
    wrong: set[str]
    ends: set[End]


def explore(scenario: Scenario, until: str = "") -> Explored:
    """Visits every state, or stops at one where `until` is wrong."""
    seen, todo, wrong = {scenario.start}, [scenario.start], set[str]()
    ends: set[End] = set()
    may_repeat = bool(scenario.start.crashes or scenario.start.deaths)
    while todo and until not in wrong:
        state = todo.pop()
        wrong |= set(_always(state, may_repeat))
        following = list(steps(state, scenario.rules))
        if not following:
            wrong |= set(_quiet(state, scenario))
            following = list(later(state, scenario.rules))
            if not following:
                wrong |= set(_end(state, scenario))
                notified = {name for name, _, scan in state.sent if scan == state.entry.scan}
                had = frozenset(name for name, row in state.rows if row.had)
                scans = len(state.started)
                ends.add(End(state.entry.status, frozenset(notified), scans, had))
        for each in following:
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return Explored(len(seen), wrong, ends)


def _always(state: State, may_repeat: bool) -> Iterator[str]:
    if sum(actor.at == "scanning" for actor in state.actors) > 1:
        yield "two scans at a time"
    if not may_repeat and max(Counter(state.sent).values(), default=0) > 1:
        yield "notified twice though nothing failed"


def _quiet(state: State, scenario: Scenario) -> Iterator[str]:
    """Nobody can do anything now: who has to be notified is so, or something will see to it."""
    entry = state.entry
    ends = any(actor.at == "queued" for actor in state.actors) or entry.is_over
    for _, row in state.rows:
        if entry.status == FINDINGS and is_due(Rules(), entry, row) and not (row.claim[0] or ends):
            yield "neither notified, nor queued, nor claimed"
    if entry.status == LEASE and not ends:
        yield "waits for a scan that nobody makes"


def _end(state: State, scenario: Scenario) -> Iterator[str]:
    """The last redrive and the last reconciliation are over."""
    if state.entry.status == LEASE:
        yield "a lease is held for ever"
    if any(actor.at == "queued" for actor in state.actors):
        yield "queued for ever"
    if state.entry.status == FINDINGS:
        notified = {name for name, verdict, scan in state.sent if scan == state.entry.scan}
        if scenario.due - notified:
            yield "lost alert"
    sent = {name for name, *_ in state.sent}
    if scenario.silent & sent:
        yield "needless alert"
    if scenario.once - sent:
        yield "lost alert"
    if state.entry.status == CLEAN and any(row.had for _, row in state.rows):
        yield "findings that are gone are known"


def steps(state: State, rules: Rules) -> Iterator[State]:
    """Every state that may follow: by a step of an actor, or by its death."""
    for number, actor in enumerate(state.actors):
        if actor.at in _STEPS:
            yield from _STEPS[actor.at](state, number, actor, rules)
            if state.crashes and actor.at not in ("note", "scanning", "stop"):
                yield from _crash(state, number, actor, rules)


def later(state: State, rules: Rules) -> Iterator[State]:
    """What follows when nobody can do anything: what is queued is redriven; then a day passes."""
    fewer = state._replace(crashes=0, deaths=0, failures=0, cleans=0)
    queued = [number for number, actor in enumerate(state.actors) if actor.at == "queued"]
    for number in queued:
        yield fewer.with_actor(number, state.actors[number]._replace(at="note"))
    if not queued and not state.is_late:
        yield _reconcile(fewer, rules)


def _reconcile(state: State, rules: Rules) -> State:
    """By now claims and leases have run out. Whatever runs without a verdict, or without having
    been notified of it, goes through the intake."""
    entry = state.entry
    if entry.status == LEASE and rules.leases_end:
        entry = entry._replace(is_over=True)
    rows = state.rows
    if rules.claims_end:
        rows = tuple((name, row._replace(claim=("", 0))) for name, row in rows)
    lacking = [
        name
        for name, row in rows
        if row.state == "running" and entry.status != CLEAN
        if entry.status != FINDINGS or row.notified != entry.scan
    ]
    events = tuple(Actor("reconciled", f"found {name}", name) for name in lacking)
    return state._replace(entry=entry, rows=rows, actors=(*state.actors, *events), is_late=True)


def _crash(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """It is tried again; or, after too many tries, it is queued as the event of who has asked."""
    state = state._replace(crashes=state.crashes - 1)
    again = "record" if actor.kind == "scan" else "note"
    yield state.with_actor(number, actor._replace(at=again, todo=()))
    if actor.kind == "scan":
        if state.entry.status == LEASE and state.entry.scan == actor.scan:
            state = state._replace(entry=state.entry._replace(status=FAILED))  # FreeLease
        kind = "registration" if actor.workload == REGISTERED else "call"
        actor = Actor(kind, state.entry.owner, actor.workload)
    at = "queued" if rules.keeps else "over"
    yield state.with_actor(number, actor._replace(at=at, todo=()))


def _note(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """The event writes its row, and learns what stood there."""
    if not rules.row_first:
        yield from _ask(state, number, actor, rules)
        return
    row = state.row(actor.workload)
    waited = row.state == "running" or row.asked >= state.entry.since
    is_known = actor.kind == "task" and bool(row.state) and waited
    yield _written(state, actor).with_actor(number, actor._replace(at="ask", is_known=is_known))


def _written(state: State, actor: Actor) -> State:
    if actor.kind in ("registration", "forced") or not actor.workload:
        return state
    row = state.row(actor.workload)._replace(state="running", asked=state.clock)
    return state.with_row(actor.workload, row)


def _late(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """A mutant's: the row is written after the cache was asked."""
    yield _written(state, actor).with_actor(number, actor._replace(at="over"))


def _ask(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """The conditional write of CheckCache: it takes the lease, or shows what stands there."""
    entry, ours = state.entry, state.entry.owner == actor.name
    over = actor._replace(at="over" if rules.row_first else "late")
    if entry.status == LEASE and not entry.is_over and (ours or rules.respects_lease):
        start = actor._replace(at="start", scan=entry.scan)
        if actor.kind == "forced" and rules.joins and not ours:
            requests = tuple(sorted({*entry.requests, REQUESTED}))
            state = state._replace(entry=entry._replace(requests=requests))
        yield state.with_actor(number, start if ours else over)
    elif entry.status in (FINDINGS, CLEAN) and (ours or actor.kind != "forced"):
        yield state.with_actor(number, _known(state, actor, over, rules))
    elif entry.status == FAILED and actor.is_known:
        yield state.with_actor(number, over)  # one more task: nobody has deployed anything
    else:
        passes = rules.chained if entry.status in (LEASE, FAILED) else rules.passes_on
        passes &= bool(entry.status) and (entry.status in (LEASE, FAILED) or not entry.announced)
        asks = {"registration": {REGISTERED}, "forced": {REQUESTED}}.get(actor.kind, set())
        requests = tuple(sorted({*(entry.requests if passes else ()), *asks}))
        since = entry.since if passes else state.clock
        lease = Entry(LEASE, actor.name, state.clock + 1, since, requests=requests)
        taken = state._replace(entry=lease, clock=state.clock + 1)
        yield taken.with_actor(number, actor._replace(at="start", scan=lease.scan))


def _known(state: State, actor: Actor, over: Actor, rules: Rules) -> Actor:
    """What an event does about a verdict: that of its own scan it brings to all who waited."""
    row, scan = state.row(actor.workload), state.entry.scan
    is_open = state.entry.owner == actor.name and not state.entry.announced
    if is_open and (state.entry.status == FINDINGS or rules.goes_on):
        return actor._replace(at="rows", scan=scan, completes=True)
    if state.entry.status == CLEAN:
        return over
    is_quiet = actor.kind in ("registration", "forced") or not rules.notifies_of_known
    if is_quiet or row.notified == scan or not rules.row_first:
        return over
    return actor._replace(at="claim", scan=scan, todo=(actor.workload,))


def _start(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """StartScan: the execution has the name of the lease, and a name is used once."""
    over = actor._replace(at="over" if rules.row_first else "late")
    if actor.scan not in state.started or not rules.named_by_lease:
        workload = REGISTERED if actor.kind == "registration" else actor.workload
        scan = Actor("scan", f"scan {actor.scan}", workload, "scanning", actor.scan)
        started = tuple(sorted({*state.started, actor.scan}))
        state = state._replace(actors=(*state.actors, scan), started=started)
    yield state.with_actor(number, over)
    if state.crashes:  # done, and delivered again all the same
        again = state._replace(crashes=state.crashes - 1)
        yield again.with_actor(number, actor._replace(at="note"))


def _scanning(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """The scan has a result, or none; or its machine dies, which is seen or is not."""
    at = "record" if rules.verdict_first else "early"
    yield state.with_actor(number, actor._replace(at=at, verdict=FINDINGS))
    if state.cleans:
        clean = state.with_actor(number, actor._replace(at=at, verdict=CLEAN))
        yield clean._replace(cleans=state.cleans - 1)
    if state.failures:
        failed = state.with_actor(number, actor._replace(at=at, verdict=FAILED))
        yield failed._replace(failures=state.failures - 1)
    if state.deaths:
        dead = state._replace(deaths=state.deaths - 1)
        yield dead.with_actor(number, actor._replace(at=at, verdict=FAILED))
        if rules.leases_end and state.entry.scan == actor.scan:
            dead = dead._replace(entry=state.entry._replace(is_over=True))
        yield dead.with_actor(number, actor._replace(at="over"))
        # It is only slow: its lease runs out, and its end comes later.
        for verdict in (FINDINGS, FAILED):
            yield dead.with_actor(number, actor._replace(at=at, verdict=verdict))


def _early(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """A mutant's: the rows are read before the verdict is written."""
    entry = state.entry._replace(scan=actor.scan)
    due = tuple(name for name, row in state.rows if is_due(rules, entry, row))
    yield state.with_actor(number, actor._replace(at="record", todo=due))


def _record(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """Completion writes the verdict, if its lease is still held. What it has written itself, it
    goes on with."""
    entry = state.entry
    ours = entry.scan == actor.scan
    if entry.status == LEASE and (ours or not rules.checks_holder):
        verdict = actor.verdict if rules.frees_failures or actor.verdict != FAILED else LEASE
        is_quiet = verdict == CLEAN and not any(row.had for _, row in state.rows)
        entry = entry._replace(status=verdict, is_over=False, announced=is_quiet)
        state = state._replace(entry=entry)
        following = actor._replace(at="rows")
        if not rules.verdict_first:
            following = _on(actor, actor.todo)
        yield state.with_actor(number, following)
    elif entry.status in (FINDINGS, CLEAN, FAILED) and ours and rules.resumes:
        yield state.with_actor(number, actor._replace(at="rows"))
    else:
        yield state.with_actor(number, actor._replace(at="over"))


def _rows(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """Completion reads the rows. A registration is announced where nothing runs the image. Of
    what is gone nobody is notified, and it is not known any more."""
    entry, due = state.entry, [(n, row) for n, row in state.rows if is_due(rules, state.entry, row)]
    if entry.status == CLEAN:
        gone = tuple(name for name, row in due if row.had)
        yield state.with_actor(number, actor._replace(at="gone" if gone else "announce", todo=gone))
        return
    asked = () if entry.announced or entry.scan != actor.scan else entry.requests
    requests = tuple(name for name in asked if name != REGISTERED or not state.rows)
    yield state.with_actor(number, _on(actor, (*(name for name, _ in due), *requests)))


def _gone(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    name, todo = actor.todo[0], actor.todo[1:]
    state = state.with_row(name, state.row(name)._replace(had=False))
    yield state.with_actor(number, actor._replace(at="gone" if todo else "announce", todo=todo))


def _announce(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    if state.entry.scan == actor.scan and rules.announces:
        state = state._replace(entry=state.entry._replace(announced=True))
    yield state.with_actor(number, actor._replace(at="over"))


def _claim(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """A conditional update. A row that another has claimed is the other's to notify."""
    name, row, claim = actor.todo[0], state.row(actor.todo[0]), _claim_of(state, actor)
    older = rules.newest_wins and row.claim[1] < actor.scan
    free = not row.claim[0] or older or (row.claim == claim and rules.claims_end)
    has_row = name not in (REGISTERED, REQUESTED)
    if has_row and (not (free or not rules.claims) or row.notified >= actor.scan):
        yield state.with_actor(number, _on(actor, actor.todo[1:]))
        return
    if has_row:
        state = state.with_row(name, row._replace(claim=claim))
    yield state.with_actor(number, actor._replace(at="send" if rules.mark_last else "mark"))


def _claim_of(state: State, actor: Actor) -> tuple[str, int]:
    """The completion of a scan claims for the scan, whoever comes to complete it."""
    owns = actor.kind == "scan" or state.entry.owner == actor.name
    return (f"scan {actor.scan}" if owns else actor.name, actor.scan)


def _send(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    verdict = state.entry.status if state.entry.scan == actor.scan else "another"
    name = actor.todo[0]
    sent = tuple(sorted((*state.sent, (name, verdict, actor.scan))))
    if verdict == FINDINGS and name not in (REGISTERED, REQUESTED):
        state = state.with_row(name, state.row(name)._replace(had=True))
    following = actor._replace(at="mark") if rules.mark_last else _on(actor, actor.todo[1:])
    yield state._replace(sent=sent).with_actor(number, following)


def _mark(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """Only who still holds the claim marks the row."""
    name, row = actor.todo[0], state.row(actor.todo[0])
    if row.claim == _claim_of(state, actor) or not (rules.newest_wins and rules.claims):
        state = state.with_row(name, row._replace(notified=actor.scan, claim=("", 0)))
    following = _on(actor, actor.todo[1:]) if rules.mark_last else actor._replace(at="send")
    yield state.with_actor(number, following)


def _on(actor: Actor, todo: tuple[str, ...]) -> Actor:
    """The actor with what is left to do, or at its end."""
    end = "announce" if actor.kind == "scan" or actor.completes else "over"
    return actor._replace(at="claim" if todo else end, todo=todo)


def _stop(state: State, number: int, actor: Actor, rules: Rules) -> Iterator[State]:
    """The last task of a workload stops."""
    row = state.row(actor.workload)
    if row.state == "running":
        stopped = state.with_row(actor.workload, row._replace(state="stopped"))
        yield stopped.with_actor(number, actor._replace(at="over"))


_STEPS: dict[str, Callable[[State, int, Actor, Rules], Iterator[State]]] = {
    "note": _note,
    "ask": _ask,
    "late": _late,
    "start": _start,
    "scanning": _scanning,
    "early": _early,
    "record": _record,
    "rows": _rows,
    "claim": _claim,
    "send": _send,
    "mark": _mark,
    "gone": _gone,
    "announce": _announce,
    "stop": _stop,
}
