"""A tracker opens a ticket for each finding, once, and closes it: by the rules of the page."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.findings import encoding
from image_scan.findings.ages import Deadlines
from image_scan.findings.encoding import Finding
from image_scan.inventory.open_findings import changes
from image_scan.notifications.finding_events import DETAIL_TYPE, FindingEvents
from image_scan.notifications.result_events import ResultEvents
from sandbox.aws import Aws
from sandbox.terraform_project import Terraform
from tests.support.builders import HOST, NOW
from tests.support.documents import block
from tests.support.stored_items import ROW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]
DEADLINES = Deadlines({"critical": 7})
ENDPOINT = "https://events.pagerduty.com/v2/enqueue"


class Tracker:
    """Takes events as PagerDuty does: a key has one incident, which is open or resolved."""

    def __init__(self) -> None:
        self.incidents: dict[str, str] = {}
        self.requests: list[Json] = []

    def take(self, body: Json) -> int:
        self.requests.append(body)
        needed = {"routing_key", "event_action", "dedup_key", "payload"}
        payload = {"summary", "source", "severity"}
        if not (needed <= body.keys() and payload <= body["payload"].keys()):
            return 400
        is_open = body["event_action"] == "trigger"
        if is_open or body["dedup_key"] in self.incidents:
            self.incidents[body["dedup_key"]] = "open" if is_open else "resolved"
        return 202

    def wait_for(self, requests: int) -> None:
        ends = time.monotonic() + 30
        while len(self.requests) < requests and time.monotonic() < ends:
            time.sleep(0.05)
        assert len(self.requests) == requests


@contextmanager
def served(tracker: Tracker) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self.send_response(tracker.take(json.loads(self.rfile.read(length))))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v2/enqueue"
    server.shutdown()
    server.server_close()


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[tuple[Tracker, Any]]:
    """A tracker behind the rules of the page, and EventBridge of the account."""
    tracker = Tracker()
    with ExitStack() as stack:
        endpoint = stack.enter_context(served(tracker))
        aws = stack.enter_context(Aws(wait_scale=0.005))
        text = block("docs/notifications.md#tickets").replace(ENDPOINT, endpoint)
        text = text.replace('try(module.image_scan.hub.event_bus_arn, "default")', '"default"')
        (tmp_path / "main.tf").write_text(f'provider "aws" {{}}\n{text}')
        environment = aws.environment() | {"TF_VAR_pagerduty_routing_key": "a-routing-key"}
        root = Terraform(tmp_path, environment)
        root.init()
        root.apply()
        yield tracker, aws.client("events")


def row(*qids: int, digest: str) -> Json:
    found = [Finding(qid, 5, False, True, ()) for qid in qids]
    uri = {"uri": f"{HOST}/shop/app:1", "repository": "shop/app", "digest": digest}
    return {**ROW, **uri, "team": "shop", "notified": encoding.pack(found)}


def test_a_ticket_is_opened_and_closed_by_the_rules_of_the_page(
    connected: tuple[Tracker, Any],
) -> None:
    tracker, client = connected
    nothing: Any = None
    made = FindingEvents(nothing, nothing, nothing, nothing, nothing, DEADLINES)
    events = ResultEvents(client, "default", "qualys-image-scan")
    top = {"title": 'a "quoted" title', "cves": ["CVE-2026-0001"], "packages": [], "fixes": []}
    made._top.update({digest: [{"qid": 1, **top}] for digest in ("a", "b")})

    def day(before: Any, *rows: Json) -> Any:
        found, met = changes(before, rows, lambda _: True, NOW, DEADLINES)
        events.send_all(DETAIL_TYPE, [made._detail(each, NOW) for each in met])
        return found

    first = day({}, row(1, 2, digest="a"))
    tracker.wait_for(2)
    assert [*tracker.incidents.values()] == ["open", "open"]
    (opened,) = [each for each in tracker.requests if each["payload"]["summary"] != "QID 2"]
    assert opened["routing_key"] == "a-routing-key"
    assert opened["payload"]["summary"] == 'a "quoted" title'
    assert opened["payload"]["group"] == "shop"
    assert opened["payload"]["custom_details"]["cves"] == ["CVE-2026-0001"]
    second = day(first, row(1, digest="b"))
    tracker.wait_for(3)
    assert sorted(tracker.incidents.values()) == ["open", "resolved"]
    assert tracker.incidents[opened["dedup_key"]] == "open"
    day(second)
    tracker.wait_for(4)
    assert {*tracker.incidents.values()} == {"resolved"}
    assert len(tracker.incidents) == 2
