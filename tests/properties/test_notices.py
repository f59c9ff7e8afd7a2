"""What the entries of a list become further on: a message, a table item, a state's payload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import strategies as st

from image_scan.errors import ScanError, UnexpectedAnswer
from image_scan.events import execution_ended
from image_scan.findings import summary
from image_scan.notifications import facts, message
from image_scan.notifications.selection import Selection
from image_scan.results import Outcome
from tests.properties import strategies, vendor
from tests.properties.profile import fuzzed
from tests.properties.promise import promised
from tests.support.builders import NOW_MS, SHA, deployment, image, scan_input, to_complete, total

if TYPE_CHECKING:
    from image_scan.contracts import Image

MESSAGE = 256 * 1024  # bytes that SNS takes
SMS = 140  # characters that one short message takes
ITEM = 400 * 1024  # bytes that DynamoDB takes
PAYLOAD = 262_144  # bytes that a state takes

THREATS = ["activeAttacks", "malware", "malwareNames", "publicExploit", "noPatch", "other"]
TABLE = "Package Installed_Version Required_Version\n" + "\n".join(
    f"{'n' * number} {'1' * number} {'2' * number}" for number in range(1, 300)
)
long = st.sampled_from(["x" * 5000, "\U0001f600" * 2000, "é" * 3000, "\x00" * 900, '"\\' * 1500])
oddities = strategies.scalars | long
software = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("name", "version", "fixVersion"), oddities | strategies.values)
)
fields = {
    "qid": oddities,
    "title": oddities | strategies.values,
    "cveids": st.lists(oddities, max_size=14) | strategies.values,
    "software": st.lists(software | strategies.values, max_size=8) | strategies.values,
    "result": st.just(TABLE) | oddities,
    "threatIntel": st.dictionaries(st.sampled_from(THREATS), oddities) | oddities,
    "qdsScore": st.integers(0, 101) | oddities,
    "severity": st.integers(0, 6) | oddities,
    "customerSeverity": st.integers(1, 5) | oddities,
    "typeDetected": st.sampled_from(["CONFIRMED", "POTENTIAL", "INFO"]) | oddities,
    "isExempted": st.booleans() | oddities,
}
harmless = {name: of for name, of in fields.items() if not name.lower().endswith("severity")}
entries = st.one_of(
    st.fixed_dictionaries({"severity": st.integers(1, 5)}, optional=harmless),
    st.fixed_dictionaries({"severity": st.integers(1, 5)}, optional=harmless),
    st.fixed_dictionaries({"customerSeverity": st.integers(1, 5), **harmless}),
    st.fixed_dictionaries({}, optional=fields),
    strategies.damaged(vendor.FINDING).filter(lambda each: isinstance(each, dict)),
)
images = st.builds(
    image,
    repository=st.sampled_from(["shop/app", "r" * 256, "a" * 120, "\u00e9/\U0001f600", "x\r\ny"]),
    uri=st.sampled_from(["host/shop/app:1", "h/" + "u" * 1000]),
    tag=st.sampled_from(["1.4.2", "t" * 128, ""]),
    containers=st.just(["app"]),
)
causes = st.one_of(
    st.text(max_size=30),
    long,
    strategies.values.map(json.dumps),
    st.builds(lambda text: json.dumps({"errorMessage": text}), oddities),
    st.just("[" * 3000),
)


def workloads(count: int) -> dict[str, Any]:
    return {
        f"workload-{number}": {
            **deployment(event_id=f"event-{number}", cluster="c" * 255, service="s" * 255),
            "containers": ["n" * 255] * 10,
        }
        for number in range(count)
    }


def size(value: Any) -> int:
    return len(json.dumps(value, allow_nan=False).encode())


def check_everywhere(of: Image, outcome: Outcome, deployed: int) -> None:
    """A message, an item and a payload that AWS takes, each with its services' own rules."""
    selection = Selection(workloads(deployed))
    stated = message.compose(to_complete(outcome, of), outcome, selection)
    made = message.notification(stated, selection)
    assert 0 < len(made.subject) <= 100
    assert all(" " <= each <= "~" for each in made.subject)
    attributes = json.dumps(made.attributes).encode()
    for text in made.texts.values():
        assert 0 < len(text.encode()) + len(attributes) < MESSAGE
        assert all(each.isprintable() for each in text.split("\n"))
    assert len(made.texts["phones"]) <= SMS
    json.dumps(stated, allow_nan=False)
    assert stated["workloads_total"] == deployed
    item = TypeSerializer().serialize({"imageDigest": of["key"], "outcome": outcome})
    assert size(item) < ITEM
    read = TypeDeserializer().deserialize(item)["outcome"]
    assert json.loads(json.dumps(read, default=int)) == outcome
    state = {**scan_input(of=of), "lease": None, "outcome": outcome}
    assert size(state) < PAYLOAD
    json.dumps(state, ensure_ascii=False).encode()


@fuzzed(
    150,
    listed=st.lists(entries, max_size=12),
    times=st.sampled_from([1, 1, 40]),
    of=images,
    deployed=st.sampled_from([1, 3, 100, 500]),
)
def test_every_outcome_fits_wherever_it_goes(
    listed: list[dict[str, Any]], times: int, of: Image, deployed: int
) -> None:
    outcome = promised(lambda: summary.summarise(listed * times))
    if isinstance(outcome, ScanError):
        assert isinstance(outcome, UnexpectedAnswer)
        return
    outcome |= Outcome(
        verdict=outcome["verdict"],
        reason="",
        scanned_at=NOW_MS,
        fresh=True,
        config_digest=f"sha256:{SHA}",
    )
    assert len(outcome["top"]) == min(total(outcome["counts"]), 10)
    check_everywhere(of, outcome, deployed)


@fuzzed(
    100,
    error=st.sampled_from(["QualysUnavailable", "States.Timeout", "Runtime.ExitError"]),
    cause=causes,
    of=images,
    deployed=st.sampled_from([1, 100]),
)
def test_every_failure_fits_wherever_it_goes(
    error: str, cause: str, of: Image, deployed: int
) -> None:
    """`cause` is what a state machine caught, and of a crash it may be anything."""
    outcome = Outcome(verdict="ERROR", error=error, cause=cause)
    outcome["reason"] = facts.reason(outcome)
    assert outcome["reason"].startswith(error)
    assert len(outcome["reason"]) <= 600
    del outcome["cause"]
    check_everywhere(of, outcome, deployed)


@fuzzed(60, cause=causes, status=st.sampled_from(["FAILED", "TIMED_OUT", "ABORTED"]))
def test_every_dead_execution_is_notified_of(cause: str, status: str) -> None:
    event = {
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"input": json.dumps(scan_input()), "status": status, "cause": cause},
    }
    read = promised(lambda: execution_ended.read_input(event))
    assert read["outcome"]["verdict"] == "ERROR"
    assert facts.reason(read["outcome"]).startswith(f"execution {status}")
