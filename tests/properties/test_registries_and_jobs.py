"""Registries and scan jobs, whatever Qualys answers: each is made once, and known by its id."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from image_scan.contracts import Registry, Submission
from image_scan.errors import ScanError
from image_scan.scans import registries, schedules
from image_scan.scans.registries import RegistryRole
from image_scan.state.registries import RegistryCache, Remembered
from tests.properties import strategies, vendor
from tests.properties.profile import fuzzed
from tests.properties.promise import promised
from tests.properties.wire import BEARER, Answer, Gateway, Request, scripted
from tests.support.builders import ACCOUNT, HOST, NOW, NOW_MS, REGION, ROLE, image

if TYPE_CHECKING:
    from collections.abc import Callable

EXECUTION = "run-1"
REGISTRY = Registry(uuid=vendor.REGISTRY_UUID, cached=False, first_wait=60)
ROLES = [
    RegistryRole(ROLE),
    RegistryRole(ROLE, "1234567"),
    RegistryRole(f"arn:aws-us-gov:iam::{ACCOUNT}:role/qualys-registry", "7"),
    RegistryRole(f"arn:aws-cn:iam::{ACCOUNT}:role/qualys-registry"),
]
# What a function may take all in all is a minute; that many answers come in less.
MOST_CALLS = 450


class OneRegistry(RegistryCache):
    """RegistryCache's contract without a table: one item, for one registry."""

    def __init__(self, uuid: str = "", locked: bool = False) -> None:
        self.uuid, self.locked = uuid, locked

    def recall(self, *key: str) -> Remembered:
        self._check(key)
        return Remembered(self.uuid, 60)

    def remember(self, account_id: str, region: str, uuid: str) -> None:
        self._check((account_id, region))
        assert uuid, "an empty registry would be taken for a lock"
        self.uuid, self.locked = uuid, False

    def lock(self, *key: str) -> bool:
        self._check(key)
        if self.locked:
            return False
        self.locked = True
        return True

    def forget(self, *key: str) -> None:
        self._check(key)
        self.uuid, self.locked = "", False

    def _check(self, key: tuple[str, ...]) -> None:
        assert key == (ACCOUNT, REGION)


def endpoint(request: Request) -> str:
    path = request.path.removeprefix("/csapi/v1.3/registry")
    if path.startswith("/aws/connector"):
        return "created connector" if request.method == "POST" else "connectors"
    if path == "/aws-base":
        return "aws-base"
    if path == "":
        return "created registry" if request.method == "POST" else "registries"
    if request.method == "GET":
        return "schedules"
    return "created schedule" if path.endswith("/schedule") else "removed"


ENDPOINTS = {
    "registries": vendor.DOCUMENTS["registries"],
    "connectors": vendor.DOCUMENTS["connectors"],
    "aws-base": vendor.DOCUMENTS["aws-base"],
    "created registry": vendor.DOCUMENTS["created registry"],
    "created connector": vendor.DOCUMENTS["created registry"],
    "schedules": [
        *vendor.DOCUMENTS["schedules"],
        vendor.listed(),
        vendor.listed({**vendor.SCHEDULE_ROW, "created": "1", "status": "Queued"}),
        vendor.listed({**vendor.SCHEDULE_ROW, "created": "1"}),
    ],
    "created schedule": vendor.DOCUMENTS["created schedule"],
    "removed": [{"deletionJobId": vendor.OTHER_UUID}],
}
good = {
    name: st.sampled_from(documents).map(strategies.stated) for name, documents in ENDPOINTS.items()
}
conversations = st.fixed_dictionaries(
    {
        name: st.lists(
            st.one_of(good[name], good[name], strategies.answers(st.sampled_from(documents))),
            min_size=1,
            max_size=3,
        )
        for name, documents in ENDPOINTS.items()
    }
)


def replying(conversation: dict[str, list[Answer]]) -> Callable[[Request], Answer]:
    replies = {name: scripted(answers) for name, answers in conversation.items()}
    return lambda request: replies[endpoint(request)](request)


def check_posts(gateway: Gateway, name: str) -> None:
    """Of one thing, at most one creation that may have been carried out."""
    fates = [
        answer
        for request, answer in gateway.said
        if request.method == "POST" and endpoint(request) == name
    ]
    for answer in fates[:-1]:
        refused = answer.failure is None and answer.status in (401, 403, 409, 429)
        assert refused, f"sent again although it may have been carried out: {answer}"


def is_known(gateway: Gateway, uuid: Any) -> bool:
    """Whether it is an id that some answer gave."""
    assert isinstance(uuid, str)
    assert uuid
    bodies = [response.content for _, response in gateway.wire.received]
    texts = [body.decode(json.detect_encoding(body), "replace") for body in bodies]
    return any(uuid in text or json.dumps(uuid)[1:-1] in text for text in texts)


def check_paths(gateway: Gateway) -> None:
    assert len(gateway.said) <= MOST_CALLS
    for request, _ in gateway.said:
        assert request.path.startswith("/csapi/v1.3/registry")
        assert ".." not in request.path, "an id that leaves its part of the path"


@fuzzed(
    120,
    conversation=conversations,
    role=st.sampled_from(ROLES),
    registry_cache=st.builds(OneRegistry, st.just(""), st.booleans()),
)
def test_a_registry_is_one_that_qualys_gave_or_an_error(
    conversation: dict[str, list[Answer]], role: RegistryRole, registry_cache: OneRegistry
) -> None:
    held = registry_cache.locked
    gateway = Gateway(replying(conversation))
    naps: list[float] = []
    value = promised(
        lambda: registries.find_or_create(
            image(), role, gateway.client, registry_cache, naps.append
        ),
        [BEARER],
    )
    check_posts(gateway, "created registry")
    check_posts(gateway, "created connector")
    check_paths(gateway)
    assert sum(naps) <= 5
    posted = [request for request, _ in gateway.said if endpoint(request) == "created registry"]
    assert not (posted and held), "created under another's lock"
    for request in posted:
        body = json.loads(request.body)
        assert body["registryUri"] == f"https://{HOST}"
        assert body["aws"]["arn"] == role.arn
    if isinstance(value, ScanError):
        assert not registry_cache.uuid
        return
    assert value == Registry(uuid=registry_cache.uuid, cached=False, first_wait=60)
    assert is_known(gateway, value["uuid"])


@fuzzed(
    120,
    conversation=conversations,
    cached=st.booleans(),
    retried=st.booleans(),
)
def test_a_submission_is_a_schedule_that_qualys_gave_or_an_error(
    conversation: dict[str, list[Answer]], cached: bool, retried: bool
) -> None:
    gateway = Gateway(replying(conversation))
    registry_cache = OneRegistry(vendor.REGISTRY_UUID)
    registry = Registry(uuid=vendor.REGISTRY_UUID, cached=cached, first_wait=60)
    value = promised(
        lambda: schedules.submit(
            image(),
            registry,
            EXECUTION,
            retried,
            gateway.client,
            registry_cache,
            lambda: float(NOW),
        ),
        [BEARER],
    )
    check_posts(gateway, "created schedule")
    check_paths(gateway)
    assert not [
        each for each, _ in gateway.said if endpoint(each) in ("removed", "created registry")
    ]
    for request, _ in gateway.said:
        if request.method == "POST":
            [chosen] = json.loads(request.body)["filters"]
            assert chosen["repoTags"] == [{"repo": "shop/app", "tag": "1.4.2"}]
    if isinstance(value, ScanError):
        return
    assert set(value) == {"schedule_uuid", "submitted_at"}
    assert is_known(gateway, value["schedule_uuid"])
    assert type(value["submitted_at"]) is int
    assert 0 < value["submitted_at"] <= 253_402_300_799_000


@fuzzed(100, conversation=conversations, ended=st.booleans())
def test_clearing_away_never_fails(conversation: dict[str, list[Answer]], ended: bool) -> None:
    gateway = Gateway(replying(conversation))
    submission = Submission(schedule_uuid=vendor.SCHEDULE_UUID, submitted_at=NOW_MS)
    value = promised(
        lambda: schedules.clear_away(REGISTRY, submission, gateway.client, ended), [BEARER]
    )
    assert value is None
    check_paths(gateway)
    for request, _ in gateway.said:
        ids = request.query.get("scheduleIds", [])
        assert ids == [vendor.SCHEDULE_UUID] or request.path.endswith(vendor.SCHEDULE_UUID)


rows = st.lists(
    st.fixed_dictionaries(
        {
            "scheduleUuid": st.sampled_from([vendor.SCHEDULE_UUID, vendor.OTHER_UUID, "", "a/../b"])
            | st.uuids().map(str),
            "name": st.sampled_from(["image-scan-x", "image-scan-", "nightly", "Image-scan-x", ""]),
            "status": st.sampled_from(["Finished", "Queued", "Running", "Unknown", "Error", "?"]),
            "created": st.sampled_from(["0", "1", str(NOW_MS), str(NOW_MS - 7 * 86_400_000), ""])
            | strategies.scalars,
        }
    ),
    max_size=60,
)


@fuzzed(100, listed=rows, conversation=conversations, usual=st.booleans())
def test_a_sweep_never_fails_and_removes_only_its_own_old_ones(
    listed: list[dict[str, Any]], conversation: dict[str, list[Answer]], usual: bool
) -> None:
    if usual:
        conversation = {**conversation, "schedules": [strategies.stated(vendor.listed(*listed))]}
    gateway = Gateway(replying(conversation))
    value = promised(
        lambda: schedules.sweep(
            {(ACCOUNT, REGION)},
            OneRegistry(vendor.REGISTRY_UUID),
            lambda: gateway.client,
            lambda: float(NOW),
        ),
        [BEARER],
    )
    assert value is None
    check_paths(gateway)
    named = {
        each
        for request, _ in gateway.said
        if endpoint(request) == "removed"
        for each in request.query.get("scheduleIds", [])
    }
    assert all(
        re.fullmatch(r"/csapi/v1\.3/registry/[0-9a-f-]+/schedule(/bulk|/cancel)?", each.path)
        for each, _ in gateway.said
    )
    for request, _ in gateway.said:
        if endpoint(request) == "removed":
            assert request.query.get("scheduleIds"), "without ids, all schedules would be meant"
    if usual:
        own = {
            row["scheduleUuid"]
            for row in listed
            if row["name"].startswith("image-scan-") and str(row["created"]).strip() != str(NOW_MS)
        }
        assert named <= own
