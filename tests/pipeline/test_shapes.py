"""What the functions read of Qualys' answers stands in the shapes of `make doctor SHAPES=1`."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from image_scan.qualys import bodies
from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport
from ops.doctor import registry, subscription
from ops.doctor.findings import Verdict
from ops.shapes.expected import SHAPES, joined
from tests.support.builders import HOST
from tests.support.pipeline import TAG, TOKEN, URI, Pipeline, verdict
from tests.support.wire import CSAPI

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.qualys import QualysSimulator
    from tests.support.machine import Run

MALWARE = {"fileName": "libz.so.1", "severity": 4, "family": "mirai", "category": "dropper"}
BOTH = ["malware", "secrets"]
SECRET = {"secretDetector": "AWS Access Key", "severity": "HIGH", "value": "canary"}
Reads = set[tuple[str, str]]


class Read(dict[str, Any]):
    """An object that notes which of its names are asked for."""

    def __init__(self, values: dict[str, Any], call: str, path: str, reads: Reads) -> None:
        super().__init__(
            (name, noting(value, call, joined(path, name), reads)) for name, value in values.items()
        )
        self._call, self._path, self._reads = call, path, reads

    def _note(self, name: str) -> None:
        self._reads.add((self._call, joined(self._path, name)))

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)


def noting(value: Any, call: str, path: str, reads: Reads) -> Any:
    if isinstance(value, list):
        return [noting(each, call, f"{path}[]", reads) for each in value]
    return Read(value, call, path, reads) if isinstance(value, dict) else value


def call_of(url: str) -> str:
    path = url.partition(CSAPI)[2].partition("?")[0]
    patterns = {call: re.sub(r"\{\w+\}", "[^/]+", call) for call in SHAPES}
    exact = [call for call in SHAPES if call == path]
    return (exact or [call for call, each in patterns.items() if re.fullmatch(each, path)])[0]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """What is read of answers, by call and path; by the doctor, too."""
    found: Reads = set()

    def noted(parse: Callable[[requests.Response], Any]) -> Callable[[requests.Response], Any]:
        return lambda answer: noting(parse(answer), call_of(answer.url), "", found)

    monkeypatch.setattr(bodies, "answered", noted(bodies.answered))
    monkeypatch.setattr(subscription, "_body", noted(subscription._body))
    return found


def look_at_it(gateway_url: str) -> None:
    """As the doctor does."""
    session = requests.Session()
    credentials = Credentials(session, gateway_url, lambda: json.dumps({"token": TOKEN}))
    here: Any = SimpleNamespace()
    here.qualys = subscription.Subscription(here)
    here.qualys.transport = Transport(session, gateway_url, credentials)
    assert registry.sensor_alive(here).verdict is Verdict.PASS
    uuid = here.qualys.client.registry_uuid(f"https://{HOST}")
    assert registry._connected_arns(here.qualys.registry(uuid))


def scan_in_many_ways(pipeline: Pipeline) -> None:
    """With findings, malware and secrets, and without; an image that is known by its tag alone;
    counts that are far apart; a registry that is made again; a job that fails."""
    software = [{"name": "zlib", "version": "1", "fixVersion": "2"}]
    pipeline.find(*[5, 4, 3] * 10, cveids=["CVE-2026-1"], software=software)
    found: dict[str, Any] = {"malware": [MALWARE], "secrets": [SECRET], "malware_block": "list"}
    pipeline.qualys.behave(examines=BOTH, **found, scan_time_field="lastScannedDate")
    assert verdict(pipeline.scan()) == "FINDINGS"
    pipeline.delete_registry()
    pipeline.forget_registry()
    pipeline.qualys.behave(examines=BOTH, malware_block="list")
    assert verdict(scan(pipeline, "2", "b")) == "FINDINGS"
    pipeline.qualys.behave(job_error="SENSOR_ERROR")
    assert verdict(scan(pipeline, "3", "d")) == "ERROR"
    one = {f"severity{level}Count": int(level == 1) for level in range(1, 6)}
    pipeline.qualys.behave(scan_time_field="lastScannedDate", counts=one)
    pipeline.ecr_refuses()
    assert verdict(scan(pipeline, "4", "e")) == "FINDINGS"


def scan(pipeline: Pipeline, tag: str, config: str) -> Run:
    pipeline.push(tag=tag, config=config * 64)
    return pipeline.scan(URI.replace(TAG, tag))


def test_what_is_read_is_what_the_shapes_mark_as_read(
    pipeline: Pipeline, reads: Reads, simulator: QualysSimulator
) -> None:
    """Both ways: nothing that is read is missing there, nothing is marked that nobody reads."""
    scan_in_many_ways(pipeline)
    look_at_it(simulator.url)
    marked = {
        (call, path)
        for call, shape in SHAPES.items()
        for path, each in shape.items()
        if each.read and path and not path.endswith("[]")
    }
    assert reads - marked == set()
    assert marked - reads == set()
