"""From the end of a scan to its verdict: no spoiled conversation clears an image unproven."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from image_scan.contracts import Submission
from image_scan.errors import ScanError, ScanFailed
from image_scan.scans import results
from image_scan.scans import status as scan_status
from tests.properties import oracle, strategies, vendor
from tests.properties.profile import fuzzed
from tests.properties.promise import promised
from tests.properties.wire import BEARER, Answer, Gateway, Request
from tests.support.builders import CONFIG, NOW_MS, REGISTRY, SHA, image, tag_only

if TYPE_CHECKING:
    from image_scan.contracts import Image, Status
    from image_scan.results import Outcome

SUBMISSION = Submission(schedule_uuid=vendor.SCHEDULE_UUID, submitted_at=NOW_MS)
DAY_MS = 86_400_000
NOT_FOUND = Answer(404, strategies.escaped(vendor.ENVELOPE))
NONE = Answer(204, b"", ())
IMAGES: list[Image] = [
    image(),
    image(configs=[CONFIG, "sha256:" + "b" * 64], certain=False),
    image(digest="sha256:" + "e" * 64),
    tag_only(),
]
LEVELS = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low"}


@dataclass(frozen=True)
class Finding:
    severity: int
    kind: str = "CONFIRMED"
    exempted: bool = False
    by_customer: bool = True

    def entry(self, number: int) -> dict[str, Any]:
        lower = 1 if self.severity > 1 else 5
        return {
            **vendor.FINDING,
            "qid": 350_000 + number,
            "severity": lower if self.by_customer else self.severity,
            "customerSeverity": self.severity if self.by_customer else None,
            "typeDetected": self.kind,
            "isExempted": self.exempted,
        }

    @property
    def counts_as(self) -> str:
        if self.exempted:
            return "exempted"
        return {"CONFIRMED": "counts", "POTENTIAL": "potential"}.get(self.kind, "info")


@dataclass(frozen=True)
class Scene:
    """How Qualys has an image, and in which of its documented ways it says so."""

    image: Image
    findings: tuple[Finding, ...]
    earlier: int = 0
    job: str = "Finished"
    old: bool = False
    record: str = "array"  # of findings, or counts by severity; or totals beside an empty array
    detailed: bool = True
    shape: str = "details"
    summarised: bool = True
    hides_exempted: bool = False  # rather than marking them
    page: int = 0

    def answers(self) -> dict[str, Answer]:
        """By the endpoint that is asked: what there is to say, all well."""
        entries = [each.entry(number) for number, each in enumerate(self.findings)]
        shown = [each for each in entries if not (self.hides_exempted and each["isExempted"])]
        if self.hides_exempted:
            entries = [{**each, "isExempted": False} for each in entries]
        schedule = {**vendor.SCHEDULE_ROW, "status": self.job}
        found: dict[str, Any] = {
            "schedule": vendor.listed(schedule),
            "images": vendor.listed(vendor.OTHER_IMAGE, self._record(entries, detailed=False)),
            "count": vendor.counts(self._severities("CONFIRMED"), "severity{}Count"),
        }
        if self.detailed:
            found["image"] = self._record(entries, detailed=True)
        for name, of in (("true", shown), ("false", entries)):
            size = self.page or max(len(of), 1)
            pages = [of[at : at + size] for at in range(0, len(of), size)] or [[]]
            for number, page in enumerate(pages, 1):
                found[f"vuln {name} {number}"] = self._vulnerabilities(page)
        return {name: strategies.stated(value) for name, value in found.items()}

    def _severities(self, kind: str) -> list[int]:
        return [
            each.severity
            for each in self.findings
            if each.kind == kind and not (self.hides_exempted and each.exempted)
        ]

    def _record(self, entries: list[Any], detailed: bool) -> dict[str, Any]:
        at = NOW_MS - DAY_MS if self.old else NOW_MS + 60_000
        record = {**vendor.IMAGE_ROW, "lastVmScanDate": str(at)}
        severities = [each.severity for each in self.findings]
        if not detailed or self.record == "counts":
            record["vulnerabilities"] = vendor.counts(severities, "severity{}Count")
        elif self.record == "array":
            record["vulnerabilities"] = entries
        else:
            record["vulnerabilities"] = []
            record[self.record] = (
                len(entries) if self.record == "totalVulnCount" else str(len(entries))
            )
        return record

    def _vulnerabilities(self, entries: list[Any]) -> Any:
        if self.shape == "list":
            return entries
        sent: dict[str, Any] = {"details": entries}
        if self.shape == "vulns":
            sent = {"details": {"vulns": entries}}
        elif self.shape == "object" and len(entries) == 1:
            sent = {"details": entries[0]}
        if self.summarised:
            sent["vulnSummary"] = {
                name.lower(): vendor.counts(self._severities(name), "sev{}Count")
                for name in ("CONFIRMED", "POTENTIAL")
            }
        return sent


def endpoint(request: Request) -> str:
    """What is asked for, in a scene's words."""
    path = request.path
    if path.endswith("/schedule"):
        return "schedule" if request.query["pageNumber"] == ["1"] else "no page"
    if path.endswith("/images"):
        return "images" if request.query["pageNumber"] == ["1"] else "no page"
    if path.endswith("/vuln"):
        [number] = request.query.get("pageNumber", ["1"])
        return f"vuln {request.query['applyException'][0]} {number}"
    return "count" if path.endswith("/vuln/count") else "image"


def talk(scene: Scene, spoiled: dict[str, tuple[Answer, bool]]) -> Gateway:
    """`spoiled` by endpoint: the answer, and whether it is given the first time only."""
    good = scene.answers()
    wrong = dict(spoiled)

    def reply(request: Request) -> Answer:
        if request.method != "GET":
            return Answer(200, b"{}")
        asked = endpoint(request)
        if asked in wrong:
            answer, once = wrong[asked]
            if once:
                del wrong[asked]
            return answer
        if asked == "image" and not request.path.endswith(SHA):
            return NOT_FOUND
        # Without pages, the same again.
        again = re.sub(" [0-9]+$", " 1", asked) if not scene.page else asked
        return good.get(asked) or good.get(again) or (NOT_FOUND if asked == "image" else NONE)

    return Gateway(reply)


def judged(scene: Scene, gateway: Gateway) -> tuple[Status | ScanError, Outcome | ScanError | None]:
    status = promised(
        lambda: scan_status.check(
            scene.image, REGISTRY, SUBMISSION, scene.earlier, False, gateway.client
        ),
        [BEARER],
    )
    if isinstance(status, ScanError) or not status["complete"]:
        return status, None
    outcome = promised(lambda: results.fetch(scene.image, status, gateway.client), [BEARER])
    return status, outcome


def check(scene: Scene, gateway: Gateway) -> tuple[Any, Any]:
    status, outcome = judged(scene, gateway)
    if not isinstance(status, ScanError) and status["complete"]:
        received = gateway.wire.received
        ours = oracle.check_completion(
            scene.image, SUBMISSION["submitted_at"], scene.earlier, status, received
        )
        if outcome is not None and not isinstance(outcome, ScanError):
            oracle.check_verdict(status, outcome, ours, received)
    return status, outcome


findings = st.builds(
    Finding,
    st.integers(1, 5),
    st.sampled_from(["CONFIRMED", "CONFIRMED", "POTENTIAL", "INFORMATION"]),
    st.booleans(),
    st.booleans(),
)
# Few of them are confirmed ones that count, so that a slip shows in the verdict.
quiet = st.one_of(
    st.builds(Finding, st.integers(1, 5), st.just("POTENTIAL")),
    st.builds(
        Finding, st.integers(1, 5), st.sampled_from(["CONFIRMED", "POTENTIAL"]), st.just(True)
    ),
)
shown = st.one_of(
    st.just(()),
    st.lists(quiet, max_size=3).map(tuple),
    st.lists(findings, max_size=4).map(tuple),
    st.lists(quiet, min_size=10, max_size=13).map(tuple),
)
scenes = st.builds(
    Scene,
    image=st.sampled_from(IMAGES),
    findings=shown,
    earlier=st.sampled_from([0, 0, 1, 3, 4, 5]),
    job=st.sampled_from(["Finished", "Finished", "Completed", "Running", "Unknown", "Error", "?"]),
    old=st.sampled_from([False, False, True]),
    record=st.sampled_from(["array", "counts", "totalVulCount", "totalVulnCount"]),
    detailed=st.booleans(),
    shape=st.sampled_from(["details", "vulns", "object", "list"]),
    summarised=st.booleans(),
    hides_exempted=st.booleans(),
    page=st.sampled_from([0, 0, 1, 2, 5]),
)


@st.composite
def spoiled_scenes(draw: st.DrawFn) -> tuple[Scene, dict[str, tuple[Answer, bool]]]:
    scene = draw(scenes)
    good = {**scene.answers(), "vuln true 2": NONE, "vuln false 2": NONE, "image": NOT_FOUND}
    good |= scene.answers()
    endpoints = draw(st.lists(st.sampled_from(sorted(good)), max_size=3, unique=True))
    # The list that decides is spoiled as often as all others together.
    if draw(st.booleans()) and "vuln true 1" not in endpoints:
        endpoints.append("vuln true 1")
    wrong = {}
    for each in endpoints:
        answer = draw(strategies.spoiled(good[each]))
        wrong[each] = (answer, draw(st.booleans()))
    return scene, wrong


@fuzzed(200, drawn=spoiled_scenes())
def test_no_spoiled_conversation_gives_a_wrong_verdict(
    drawn: tuple[Scene, dict[str, tuple[Answer, bool]]],
) -> None:
    scene, wrong = drawn
    check(scene, talk(scene, wrong))


def _expected(scene: Scene, of: str) -> dict[str, int]:
    levels = [LEVELS[each.severity] for each in scene.findings if each.counts_as == of]
    return {level: levels.count(level) for level in ("critical", "high", "medium", "low")}


@fuzzed(100, scene=scenes)
def test_a_sound_conversation_gives_exactly_its_findings(scene: Scene) -> None:
    """Where Qualys hides exempted ones, only its own summary can vouch for them."""
    scene = replace(
        scene,
        earlier=0,
        job="Finished",
        old=False,
        summarised=scene.summarised or scene.hides_exempted,
        shape="details" if scene.hides_exempted else scene.shape,
        page=0 if scene.record == "counts" and not scene.detailed else scene.page,
    )
    status, outcome = check(scene, talk(scene, {}))
    assert not isinstance(status, ScanError), status
    assert status["complete"]
    assert status["fresh"]
    assert status["sha"] == SHA
    if not (scene.image["manifests"] or any(_expected(scene, "counts").values())):
        assert isinstance(outcome, ScanFailed), "it may be bad, and is not known to be clean"
        return
    assert not isinstance(outcome, ScanError), outcome
    assert outcome["counts"] == _expected(scene, "counts")
    assert outcome["potential"] == _expected(scene, "potential")
    exempted = sum(each.exempted for each in scene.findings)
    assert outcome["exempted"] <= exempted
    if not scene.hides_exempted:
        assert outcome["exempted"] == exempted
    assert outcome["verdict"] == ("FINDINGS" if any(outcome["counts"].values()) else "CLEAN")


@fuzzed(60, scene=scenes, answer=strategies.answers())
def test_an_image_that_qualys_lists_wrongly_is_never_clean(scene: Scene, answer: Answer) -> None:
    """Whatever stands where the list should be, with all of the rest at its best."""
    scene = replace(scene, earlier=0, job="Finished", old=False)
    check(scene, talk(scene, {"vuln true 1": (answer, False)}))


# --- all is in order, and only some of the lists that name findings name others -----------------

numbers = st.one_of(
    st.just(0), st.just(0), st.just(0), st.integers(0, 12), st.integers(0, 12).map(str),
    strategies.meanings,
)  # fmt: skip


def counts_by(pattern: str) -> st.SearchStrategy[Any]:
    """Counts by severity, some of them odd or missing."""
    names = [pattern.format(level) for level in range(1, 6)]
    whole = st.fixed_dictionaries(dict.fromkeys(names, numbers))
    return st.one_of(
        st.just(vendor.counts([], pattern)),
        st.just(vendor.counts([], pattern)),
        whole,
        st.fixed_dictionaries({}, optional=dict.fromkeys(names, numbers)),
        strategies.meanings,
    )


entries = st.lists(
    st.one_of(
        quiet.map(lambda each: each.entry(7)),
        findings.map(lambda each: each.entry(8)),
        strategies.damaged(vendor.FINDING, most=1),
    ),
    max_size=3,
)
summaries = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {}, optional={name: counts_by("sev{}Count") for name in ("confirmed", "potential")}
    ),
)
times = st.one_of(
    st.just(str(NOW_MS + 60_000)),
    st.just(str(NOW_MS + 60_000)),
    st.integers(NOW_MS - 200_000, NOW_MS + 1000).map(str),
    st.sampled_from([NOW_MS // 1000, str(NOW_MS // 1000), NOW_MS * 1000, 1, "1", "0", None]),
    st.just(str(NOW_MS - 90 * DAY_MS)),
)


@st.composite
def contradictions(draw: st.DrawFn) -> tuple[Scene, dict[str, tuple[Answer, bool]]]:
    """What the list shows is nothing to report; what stands beside it may say otherwise."""
    few = draw(st.lists(quiet, max_size=3).map(tuple))
    scene = Scene(draw(st.sampled_from(IMAGES)), few, draw(st.sampled_from([0, 1, 4])))
    shown = [each.entry(number) for number, each in enumerate(few)]
    vulnerabilities: dict[str, Any] = {"details": shown}
    if draw(st.booleans()):
        vulnerabilities["vulnSummary"] = draw(summaries)
    if draw(st.integers(0, 3)) == 0:
        aside = draw(st.sampled_from(["data", "vulnerabilities", "vulns"]))
        vulnerabilities[aside] = draw(entries)
    if draw(st.integers(0, 5)) == 0:
        vulnerabilities["details"] = {"vulns": shown, "data": draw(entries)}
    record = {
        **vendor.IMAGE_ROW,
        "lastVmScanDate": draw(times),
        "vulnerabilities": draw(st.just(shown) | counts_by("severity{}Count") | entries),
    }
    for name in ("totalVulCount", "totalVulnCount", "scanStatus", "scanErrorCode"):
        if draw(st.integers(0, 3)) == 0:
            record[name] = draw(numbers)
    everything = {"details": draw(st.just(shown) | entries.map(lambda more: [*shown, *more]))}
    sent = {
        "schedule": vendor.listed({**vendor.SCHEDULE_ROW, "created": draw(times)}),
        "image": record,
        "images": vendor.listed(record),
        "vuln true 1": vulnerabilities,
        "vuln false 1": everything,
        "count": draw(counts_by("severity{}Count")),
    }
    return scene, {name: (strategies.stated(value), False) for name, value in sent.items()}


@fuzzed(250, drawn=contradictions())
def test_no_contradiction_is_resolved_in_favour_of_clean(
    drawn: tuple[Scene, dict[str, tuple[Answer, bool]]],
) -> None:
    scene, sent = drawn
    check(scene, talk(scene, sent))
