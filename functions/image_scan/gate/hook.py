"""The deployment gate as ECS calls it: a Lambda lifecycle hook, before tasks of a revision start.

A hook that raises, or answers in no known form, is a rollback for ECS. So nothing leaves `respond`:
what fails ends in SUCCEEDED in audit mode, and as `on_undecided` says in enforce mode.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from image_scan import log, metrics
from image_scan.errors import AwsUnavailable, ScanError
from image_scan.events.scope import EVERYTHING, Scope
from image_scan.gate import bypass, decision, images, lifecycle
from image_scan.gate.inputs import Situation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import Image
    from image_scan.gate.decision import Decision
    from image_scan.gate.inputs import Candidate, Rules
    from image_scan.gate.lifecycle import Call, HookAnswer
    from image_scan.gate.services import Revision, ServiceDeployment, Services
    from image_scan.gate.verdicts import Verdicts

    Announce = Callable[[Call, Revision | None, Decision, Rules], None]
    Start = Callable[[dict[str, Any]], None]

_MARGIN_SECONDS = 3  # before Lambda ends the function, which ECS takes for a failure
_ASK_AGAIN_SECONDS = 300
T = TypeVar("T")
# Of the time that is left: to decide, to read the tag of the service after an error, to announce.
_DECIDE, _BREAK_GLASS, _ANNOUNCE = 0.6, 0.15, 0.25


@dataclass(frozen=True)
class Reply:
    """The answer to ECS; `decided` and `revision` where that ends the stage."""

    answer: HookAnswer
    decided: Decision | None = None
    revision: Revision | None = None


@dataclass(frozen=True)
class Gate:
    """`start` hands an event to the intake, `announce` makes a decision known."""

    rules: Rules
    deadline_seconds: int
    rollback_seconds: int
    services: Services
    accounts: Accounts
    verdicts: Verdicts
    start: Start
    announce: Announce
    clock: Callable[[], float] = time.time
    scope: Scope = EVERYTHING

    def answer(self, call: Call) -> Reply:
        """Decides, has scanned what has no verdict, and says what ECS is to do.

        Raises AwsUnavailable or AwsRejected.
        """
        revision = self.services.revision(call.revision_arn)
        definition = self.services.definition(revision.task_definition)
        scoped = (self._now().isoformat(), self.accounts, self.scope)
        found = images.of(revision, definition, *scoped, is_started=call.is_started)
        decided, deadline = self._decide(call, revision, [each for each, _ in found])
        if decided.result == "undecided":
            images.require_read(found)
        asked, asked_at = call.asked, call.asked_at
        if decided.waiting:
            waiting = {each.image.key for each in decided.images if each.why == "no verdict yet"}
            wanted = [each for _, each in found if each["key"] in waiting]
            asked, asked_at = self._ask(call, revision, wanted)
        answered = decision.status(decided, self.rules)
        if answered == "IN_PROGRESS":
            return Reply(lifecycle.wait(call, deadline, asked, asked_at))
        return Reply(lifecycle.end(answered, decided), decided, revision)

    def _decide(
        self, call: Call, revision: Revision, candidates: Sequence[Candidate]
    ) -> tuple[Decision, float]:
        """Decides by the verdicts alone, and where they do not allow it, by the rest. Returns the
        deadline, too, where it matters."""
        known = self.verdicts.of(candidates)
        today = self._now().date()
        first = decision.decide(candidates, known, self.rules, Situation(today))
        if first.result == "allow":
            return first, 0
        deployment = self.services.deployment(call.deployment_arn, revision)
        deadline = self._deadline(call, deployment)
        since = self.clock() - self.rollback_seconds
        digests = [each.digest for each in candidates if each.digest]
        situation = Situation(
            today,
            admitted=self.services.admitted(revision, deployment, since, digests),
            exceptions=self.verdicts.exceptions(),
            started=int(deployment.started * 1000),
            overdue=self.clock() >= deadline,
        )
        second = decision.decide(candidates, known, self.rules, situation)
        if second.result != "allow" and (until := self._bypass(revision)):
            situation = replace(situation, bypass_until=until)
            second = decision.decide(candidates, known, self.rules, situation)
        return second, deadline

    def _deadline(self, call: Call, deployment: ServiceDeployment) -> float:
        """Of this stage. Details that somebody else wrote make it no earlier than that of the whole
        deployment, and no later than that of a stage that begins now."""
        latest = self.clock() + self.deadline_seconds
        answered = call.deadline or latest
        return max(deployment.started + self.deadline_seconds, min(answered, latest))

    def _bypass(self, revision: Revision) -> str:
        found = bypass.read(self.services.bypass_tag(revision.service_arn), self._now())
        if found.problem:
            log.warning("break-glass tag without effect", reason=found.problem)
        return found.until

    def _ask(
        self, call: Call, revision: Revision, wanted: Sequence[Image]
    ) -> tuple[list[str], float]:
        """Has images scanned that were not asked for lately: a request may be lost, and starts
        nothing where a scan runs. Returns what was asked for, and when."""
        now = self.clock()
        known = call.asked if 0 <= now - call.asked_at < _ASK_AGAIN_SECONDS else []
        new = [each for each in wanted if each["key"] not in known]
        deployment = images.deployment_of(revision, self._now().isoformat())
        for image in new:
            self.start(images.scan_request(call.deployment_arn, deployment, image))
        return [*known, *(each["key"] for each in new)], now if new else call.asked_at

    def publish(self, call: Call, revision: Revision | None, decided: Decision) -> None:
        """Makes a decision known. May raise anything: the answer does not depend on it."""
        log.info(
            "gate decided",
            deployment=call.deployment_arn,
            stage=call.stage,
            mode=self.rules.mode,
            decision=decided.result,
            effect=decision.effect(decided, self.rules),
            bypass_until=decided.bypass_until,
            reasons=decided.reasons,
            images=[(each.image.uri, each.result, each.why) for each in decided.images],
        )
        self.announce(call, revision, decided, self.rules)

    def bypass(self, call: Call) -> str:
        """Returns until when the gate of the service is open. Raises AwsUnavailable or
        AwsRejected."""
        return self._bypass(self.services.revision(call.revision_arn))

    def fail(self, call: Call, error: Exception, bypass_until: str) -> Reply:
        """Says what ECS is to do after an error, without a call of AWS. In enforce mode, what may
        pass is waited for: until ECS ends the hook, because the deadline in the details may be
        anybody's."""
        latest = self.clock() + self.deadline_seconds
        is_passing = isinstance(error, AwsUnavailable | TimeoutError)
        if is_passing and not bypass_until and self.rules.mode != "audit":
            deadline = min(call.deadline or latest, latest)
            return Reply(lifecycle.wait(call, deadline, call.asked, call.asked_at))
        reason = str(error) if isinstance(error, ScanError | TimeoutError) else type(error).__name__
        words = f"the gate failed: {reason}"
        decided = decision.Decision("undecided", (), bypass_until=bypass_until, failure=words)
        answered = decision.status(decided, self.rules)
        return Reply(lifecycle.end(answered, decided), decided)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


def respond(
    event: Any, connect: Callable[[], Gate], fallback: tuple[bool, bool], seconds: float
) -> HookAnswer:
    """Answers a call of ECS in less than so many seconds, whatever happens. `fallback` says what to
    do without a gate: whether it is in audit mode, and whether it allows what is undecided."""
    left = max(seconds - _MARGIN_SECONDS, 0.1)
    is_audit, allows = fallback
    try:
        call = lifecycle.read(event)
        is_audit = is_audit and not call.enforces
        gate = connect()
        if call.enforces:
            gate = replace(gate, rules=replace(gate.rules, mode="enforce"))
        reply = _reply(gate, call, left)
    except Exception as error:
        _count_error("the gate failed", error)
        unknown = decision.Decision("undecided", (), failure="the gate failed")
        return lifecycle.end("SUCCEEDED" if is_audit or allows else "FAILED", unknown)
    if not (decided := reply.decided):
        log.info("gate waits", deployment=call.deployment_arn, stage=call.stage)
    else:
        try:
            _within(left * _ANNOUNCE, lambda: gate.publish(call, reply.revision, decided))
        except Exception as error:
            _count_error("a decision is not announced", error)
    return reply.answer


def _reply(gate: Gate, call: Call, left: float) -> Reply:
    try:
        return _within(left * _DECIDE, lambda: gate.answer(call))
    except Exception as caught:
        error = caught
    _count_error("the gate failed", error)
    until = ""
    if gate.rules.mode != "audit":
        with contextlib.suppress(Exception):
            until = _within(left * _BREAK_GLASS, lambda: gate.bypass(call))
    return gate.fail(call, error, until)


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Raises TimeoutError where the work takes longer; it is then left to itself."""
    answers: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(work())
        except Exception as error:
            errors.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError("AWS did not answer in time")
    return answers[0]


def _count_error(words: str, error: Exception) -> None:
    with contextlib.suppress(Exception):
        reason = str(error) if isinstance(error, ScanError) else ""
        log.error(words, error=type(error).__name__, reason=reason)
        metrics.count("GateErrors")
