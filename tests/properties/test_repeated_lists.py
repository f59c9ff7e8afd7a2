"""Lists of one image in any order, with any repetition and any moving field: the same counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from image_scan.errors import ScanError, UnexpectedAnswer
from image_scan.scans import results
from tests.properties import vendor
from tests.properties.profile import fuzzed
from tests.properties.promise import promised
from tests.properties.strategies import stated
from tests.properties.wire import BEARER, Answer, Gateway, Request
from tests.support.builders import STATUS, image

if TYPE_CHECKING:
    from image_scan.results import Outcome

LEVELS = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low"}
KINDS = ["CONFIRMED", "POTENTIAL", "INFORMATION"]
# What may differ between two answers about the same finding.
MOVING: dict[str, st.SearchStrategy[Any]] = {
    "firstFound": st.integers(1, 10**12).map(str),
    "lastFound": st.integers(1, 10**12).map(str),
    "cveids": st.permutations(["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"]),
    "product": st.permutations(["expat", "zlib"]) | st.none(),
    "qdsScore": st.integers(1, 100) | st.none(),
    "risk": st.integers(1, 50),
    "result": st.text(max_size=3),
    "title": st.text(max_size=3),
    "published": st.integers(1, 10**12),
    "threatIntel": st.sampled_from([None, {}, {"zeroDay": True}, {"zeroDay": None}]),
    "patchAvailable": st.booleans() | st.none(),
    "status": st.sampled_from([None, "NEW", "ACTIVE"]),
}


@dataclass(frozen=True)
class Truth:
    """One finding as it is: at worst so severe, so certain, and exempted or not."""

    severity: int
    kind: str
    exempted: bool

    @property
    def counts_as(self) -> str:
        if self.exempted:
            return "exempted"
        return {"CONFIRMED": "counts", "POTENTIAL": "potential"}.get(self.kind, "info")


truths = st.lists(
    st.builds(Truth, st.integers(1, 5), st.sampled_from(KINDS), st.booleans()),
    min_size=1,
    max_size=5,
)


def package(number: int) -> dict[str, Any]:
    """Two findings share a QID, and lie in different packages."""
    return {"name": "expat", "version": "2.1", "packagePath": f"/{number % 2}", "fixVersion": None}


@st.composite
def copies(draw: st.DrawFn, truth: Truth, number: int, worst: bool) -> dict[str, Any]:
    """The finding in one answer: as bad as it is, or less so."""
    rating, kind, exempted = truth.severity, truth.kind, truth.exempted
    if not worst:
        rating = draw(st.integers(1, rating))
        kind = draw(st.sampled_from(KINDS[KINDS.index(kind) :]))
        exempted = exempted or draw(st.booleans())
    software = [package(number), {"name": "zlib", "version": None}]
    return {
        **vendor.FINDING,
        **{name: draw(values) for name, values in MOVING.items()},
        "qid": 1000 + number // 2,
        "software": draw(st.permutations(software)),
        "severity": draw(st.integers(1, rating)),
        "customerSeverity": rating,
        "typeDetected": kind,
        "isExempted": exempted,
    }


@st.composite
def lists(
    draw: st.DrawFn, found: list[tuple[int, Truth]], alike: bool = False
) -> list[dict[str, Any]]:
    """One answer's list: each finding as bad as it is, and again in any form and number.

    `alike`: each time as bad as it is, since not all pages of a list are read.
    """
    listed = [draw(copies(truth, number, worst=True)) for number, truth in found]
    for _ in range(draw(st.integers(0, 3)) if found else 0):
        number, truth = draw(st.sampled_from(found))
        listed.append(draw(copies(truth, number, worst=alike)))
    return list(draw(st.permutations(listed)))


@dataclass(frozen=True)
class Conversation:
    """What a gateway answers to one call after the other, and what its record counts."""

    truths: list[Truth]
    answers: list[list[dict[str, Any]]]
    page: int  # 0: a page number is ignored
    reported: int
    summarised: bool

    def gateway(self) -> Gateway:
        asked = 0

        def reply(request: Request) -> Answer:
            nonlocal asked
            if request.path.endswith("/vuln/count"):
                return Answer(204, b"", ())
            listed = self.answers[0 if self.page else asked % len(self.answers)]
            asked += 1
            if self.page:
                number = int(request.query.get("pageNumber", ["1"])[0])
                listed = listed[(number - 1) * self.page : number * self.page]
            body: dict[str, Any] = {"details": listed}
            if self.summarised:
                body["vulnSummary"] = {
                    kind.lower(): vendor.counts(
                        [each.severity for each in self.truths if each.kind == kind], "sev{}Count"
                    )
                    for kind in ("CONFIRMED", "POTENTIAL")
                }
            return stated(body)

        return Gateway(reply)

    def outcome(self, gateway: Gateway) -> Outcome | ScanError:
        counted: Any = {**STATUS, "reported": self.reported}
        found: Outcome | ScanError = promised(
            lambda: results.fetch(image(), counted, gateway.client), [BEARER]
        )
        return found


@st.composite
def whole(draw: st.DrawFn) -> Conversation:
    found = draw(truths)
    page = draw(st.sampled_from([0, 0, 1, 3]))
    drawn = lists(list(enumerate(found)), alike=page > 0)
    answers = draw(st.lists(drawn, min_size=1, max_size=4))
    confirmed = len([each for each in found if each.kind == "CONFIRMED"])
    # Nothing asks for a second page unless something counts more than the first one lists.
    reported = len(found) if page else draw(st.sampled_from([0, confirmed, len(found)]))
    return Conversation(found, answers, page, reported, draw(st.booleans()))


def expected(found: list[Truth], of: str) -> dict[str, int]:
    levels = [LEVELS[each.severity] for each in found if each.counts_as == of]
    return {level: levels.count(level) for level in ("critical", "high", "medium", "low")}


@fuzzed(150, conversation=whole())
def test_any_order_repetition_and_moving_field_gives_the_same_counts(
    conversation: Conversation,
) -> None:
    gateway = conversation.gateway()
    outcome = conversation.outcome(gateway)
    if conversation.page and isinstance(outcome, ScanError):
        # A page that only repeats findings ends the list: then it is short, and that is seen.
        assert isinstance(outcome, UnexpectedAnswer)
        return
    assert not isinstance(outcome, ScanError), outcome
    assert outcome["counts"] == expected(conversation.truths, "counts")
    assert outcome["potential"] == expected(conversation.truths, "potential")
    assert outcome["exempted"] == sum(each.exempted for each in conversation.truths)


@st.composite
def cut(draw: st.DrawFn) -> Conversation:
    """Some of the findings are in no answer; the record counts all of them."""
    found = draw(truths)
    shown = draw(st.lists(st.sampled_from(list(enumerate(found))), unique=True, max_size=4))
    if len(shown) == len(found):
        shown = shown[1:]
    answers = draw(st.lists(lists(shown), min_size=1, max_size=4))
    page = draw(st.sampled_from([0, 0, 1, 3]))
    return Conversation(found, answers, page, len(found), draw(st.booleans()))


@fuzzed(150, conversation=cut())
def test_what_no_answer_lists_is_never_made_up_for_by_what_they_repeat(
    conversation: Conversation,
) -> None:
    gateway = conversation.gateway()
    outcome = conversation.outcome(gateway)
    assert isinstance(outcome, UnexpectedAnswer), json.dumps(outcome, default=str)
    assert len(gateway.said) <= 2 * (len(conversation.truths) + 1)
