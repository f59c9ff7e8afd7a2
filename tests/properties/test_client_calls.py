"""Each call of the client, whatever the gateway answers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from image_scan.errors import QualysRejected, ScanError
from image_scan.qualys.client import QualysClient
from image_scan.qualys.models import ScannedImage, Schedule, Vulnerabilities
from tests.properties import strategies, vendor
from tests.properties.profile import fuzzed
from tests.properties.promise import promised
from tests.properties.wire import BEARER, Answer, Gateway, Request, scripted
from tests.support.builders import ACCOUNT, HOST, REGION, ROLE, SHA

if TYPE_CHECKING:
    from collections.abc import Callable

URI = f"https://{HOST}"
REGISTRY, JOB = vendor.REGISTRY_UUID, vendor.SCHEDULE_UUID
LONGEST_NAP = 60  # seconds, as long as the longest of the functions may run


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_list_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(type(each) is kind for each in value)


def is_none_or(kind: type) -> Callable[[Any], bool]:
    return lambda value: value is None or type(value) is kind


# By method: the call, what it may give, and what the gateway answers on a good day.
CALLS: dict[str, tuple[Callable[[QualysClient], Any], Callable[[Any], bool], str]] = {
    "aws_external_id": (
        lambda c: c.aws_external_id(),
        lambda value: is_text(value) and value not in ("", "True", "False"),
        "aws-base",
    ),
    "registry_uuid": (lambda c: c.registry_uuid(URI), is_text, "registries"),
    "connector_exists": (
        lambda c: c.connector_exists(ROLE, ACCOUNT),
        lambda value: isinstance(value, bool),
        "connectors",
    ),
    "create_connector": (
        lambda c: c.create_connector(ROLE, "7", "ecr", "Global"),
        lambda value: value is None,
        "created registry",
    ),
    "create_registry": (
        lambda c: c.create_registry(URI, "ecr", ACCOUNT, REGION, ROLE, "Global"),
        is_text,
        "created registry",
    ),
    "submit_scan": (
        lambda c: c.submit_scan(REGISTRY, vendor.NAME, "shop/app", "1.4.2"),
        is_none_or(str),
        "created schedule",
    ),
    "schedules": (lambda c: list(c.schedules(REGISTRY)), is_list_of(Schedule), "schedules"),
    "schedule": (
        lambda c: c.schedule(REGISTRY, JOB),
        lambda value: value is None or (type(value) is Schedule and value.uuid == JOB),
        "schedules",
    ),
    "schedule_named": (
        lambda c: c.schedule_named(REGISTRY, vendor.NAME),
        lambda value: value is None or (value.name == vendor.NAME and value.uuid != ""),
        "schedules",
    ),
    "delete_schedule": (
        lambda c: c.delete_schedule(REGISTRY, JOB),
        lambda value: value is None,
        "error",
    ),
    "delete_schedules": (
        lambda c: c.delete_schedules(REGISTRY, [JOB, vendor.OTHER_UUID]),
        lambda value: value is None,
        "error",
    ),
    "cancel_schedules": (
        lambda c: c.cancel_schedules(REGISTRY, [JOB, vendor.OTHER_UUID]),
        lambda value: value is None,
        "error",
    ),
    "image": (lambda c: c.image(SHA), is_none_or(ScannedImage), "image"),
    "images": (lambda c: list(c.images("shop/app")), is_list_of(ScannedImage), "images"),
    "images_of": (lambda c: c.images_of(f"sha:{SHA}"), is_list_of(ScannedImage), "images"),
    "vulnerabilities": (
        lambda c: c.vulnerabilities(SHA, apply_exceptions=True, expected=2),
        lambda value: type(value) is Vulnerabilities,
        "vulnerabilities",
    ),
    "malware": (lambda c: list(c.malware(SHA)), is_list_of(dict), "malware"),
    "malware_files": (lambda c: c.malware_files(SHA, "f" * 64), is_list_of(dict), "malware files"),
    "vulnerability_count": (
        lambda c: c.vulnerability_count(SHA),
        lambda value: value is None or (type(value) is int and value >= 0),
        "count",
    ),
}


def test_every_call_of_the_client_is_among_them() -> None:
    assert set(CALLS) == {name for name in vars(QualysClient) if not name.startswith("_")}


def check_manners(gateway: Gateway) -> None:
    """No call sleeps longer than a function runs, nor sends a POST again unless it is safe."""
    assert sum(gateway.naps) <= LONGEST_NAP
    posts = [(asked.path, answer) for asked, answer in gateway.said if asked.method == "POST"]
    for (path, answer), (next_path, _) in itertools.pairwise(posts):
        assert path != next_path or answer.status in (401, 403, 409, 429)
        assert path != next_path or answer.failure is None


def call(name: str, reply: Callable[[Request], Answer]) -> tuple[Any, Gateway]:
    act, gives, _ = CALLS[name]
    gateway = Gateway(reply)
    value = promised(lambda: act(gateway.client), [BEARER])
    assert isinstance(value, ScanError) or gives(value), value
    check_manners(gateway)
    return value, gateway


@fuzzed(
    250,
    asked=st.sampled_from(sorted(CALLS)).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.lists(
                strategies.answers(
                    st.sampled_from(vendor.DOCUMENTS[CALLS[name][2]] + vendor.DOCUMENTS["error"])
                ),
                min_size=1,
                max_size=4,
            ),
        )
    ),
)
def test_any_answer_gives_a_value_of_its_type_or_a_declared_error(
    asked: tuple[str, list[Answer]],
) -> None:
    name, answers = asked
    _, gateway = call(name, scripted(answers))
    assert len(gateway.said) <= 10 * len(answers)
    assert all(request.path.startswith("/csapi/v1.3/") for request, _ in gateway.said)


@fuzzed(
    60,
    name=st.sampled_from(["registry_uuid", "schedules", "schedule_named", "images"]),
    size=st.integers(1, 210),
    count=st.sampled_from([None, 0, 7, 10**6, "7", True, -1]),
    moody=st.integers(2, 60),
    mood=st.sampled_from([401, 403, 409, 429, 500, 503]),
    wait=strategies.wait_headers,
)
def test_a_list_without_end_ends(
    name: str, size: int, count: Any, moody: int, mood: int, wait: tuple[tuple[str, str], ...]
) -> None:
    """Every page has new rows, and every so many answers the gateway is in a mood."""
    asked = 0
    rows = {"registryUri": "https://elsewhere", "name": "other"}

    def reply(_: Request) -> Answer:
        nonlocal asked
        asked += 1
        if asked % moody == 0:
            return Answer(mood, b"", wait)
        ids = [f"{asked:032x}{row:032x}" for row in range(min(size, 3 if asked > 4 else size))]
        page = [{**rows, "sha": i, "registryUuid": i, "scheduleUuid": i} for i in ids]
        return strategies.stated({"count": count, "data": page})

    value, gateway = call(name, reply)
    assert len(gateway.said) <= 400
    assert not isinstance(value, QualysRejected) or len(gateway.said) >= 50
