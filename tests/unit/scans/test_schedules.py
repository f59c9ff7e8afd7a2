"""Submitting a scan once, and clearing it away."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import responses

from image_scan.contracts import Registry, Submission
from image_scan.errors import QualysRejected, QualysUnavailable, QualysUnreadable, RegistryGone
from image_scan.qualys.client import QualysClient
from image_scan.scans import schedules
from image_scan.state.registries import RegistryCache
from tests.support.builders import (
    ACCOUNT,
    API,
    JOB,
    NOW_MS,
    REGION,
    REGISTRY,
    SUBMISSION,
    image,
    listed,
    schedule,
)
from tests.support.doubles import Clock
from tests.support.wire import parameters

SCHEDULES = f"{API}/registry/reg-1/schedule"


@dataclass
class Submit:
    registry_cache: RegistryCache
    qualys: QualysClient
    clock: Clock

    def __call__(self, retried: bool = False, cached: bool = True) -> Submission:
        registry: Registry = {**REGISTRY, "cached": cached}
        return schedules.submit(
            image(), registry, "scan-1", retried, self.qualys, self.registry_cache, self.clock
        )


@pytest.fixture
def submit(registry_cache: RegistryCache, qualys: QualysClient, clock: Clock) -> Submit:
    return Submit(registry_cache, qualys, clock)


@pytest.mark.parametrize(
    "stated",
    [
        {"json": {"scheduleUuid": JOB}},
        {"json": {"scheduleId": JOB}},
        {"json": JOB},
    ],
)
def test_one_scan_of_exactly_this_tag(
    submit: Submit, answers: responses.RequestsMock, stated: dict[str, Any]
) -> None:
    answers.post(SCHEDULES, **stated)
    assert submit() == {
        "schedule_uuid": JOB,
        "submitted_at": NOW_MS,
    }
    assert len(answers.calls) == 1
    sent = json.loads(answers.calls[0].request.body or "")
    assert sent["filters"] == [{"days": None, "repoTags": [{"repo": "shop/app", "tag": "1.4.2"}]}]
    assert (sent["name"], sent["onDemand"], sent["forceScan"]) == (
        "image-scan-scan-1",
        True,
        True,
    )


@pytest.mark.parametrize("stated", [{"status": 201}, {"status": 202, "body": "OK"}, {"json": {}}])
def test_an_answer_without_an_id_is_looked_up_by_name(
    submit: Submit, answers: responses.RequestsMock, stated: dict[str, Any]
) -> None:
    answers.post(SCHEDULES, **stated)
    answers.get(SCHEDULES, json=listed(schedule("Queued", name="other"), schedule("Queued")))
    assert submit()["schedule_uuid"] == JOB


@pytest.mark.parametrize("stated", [{"status": 201}, {"body": '{"data": [{"regis'}])
def test_a_schedule_of_which_nothing_is_known_is_left_to_the_next_try(
    submit: Submit, answers: responses.RequestsMock, stated: dict[str, Any]
) -> None:
    answers.post(SCHEDULES, **stated)
    answers.get(SCHEDULES, status=204)
    with pytest.raises(QualysUnreadable):
        submit()


def test_a_retry_finds_what_the_first_try_submitted(
    submit: Submit, answers: responses.RequestsMock
) -> None:
    answers.get(SCHEDULES, json=listed(schedule("Running")))
    found = submit(retried=True)
    assert (found["schedule_uuid"], found["submitted_at"]) == (JOB, NOW_MS + 500)
    assert [call.request.method for call in answers.calls] == ["GET"]


def test_a_retry_submits_when_the_first_try_did_not(
    submit: Submit, answers: responses.RequestsMock
) -> None:
    answers.get(SCHEDULES, status=204)
    answers.post(SCHEDULES, json={"scheduleUuid": JOB})
    assert submit(retried=True)["schedule_uuid"] == JOB


@pytest.mark.parametrize("fault", [{"status": 503}, {"body": requests.ReadTimeout()}])
def test_a_submission_of_unknown_fate_is_not_repeated_blindly(
    submit: Submit, answers: responses.RequestsMock, fault: dict[str, Any]
) -> None:
    answers.post(SCHEDULES, **fault)
    with pytest.raises(QualysUnavailable):
        submit()
    assert len(answers.calls) == 1


def test_a_registry_that_is_gone_is_forgotten(
    submit: Submit, answers: responses.RequestsMock, registry_cache: RegistryCache
) -> None:
    registry_cache.remember(ACCOUNT, REGION, "reg-1")
    answers.post(SCHEDULES, status=404)
    with pytest.raises(RegistryGone):
        submit()
    assert registry_cache.recall(ACCOUNT, REGION).uuid == ""


def test_a_registry_that_was_just_listed_cannot_be_gone(
    submit: Submit, answers: responses.RequestsMock
) -> None:
    answers.post(SCHEDULES, status=404)
    with pytest.raises(QualysRejected):
        submit(cached=False)


def test_a_name_that_is_taken_is_this_requests_own(
    submit: Submit, answers: responses.RequestsMock
) -> None:
    answers.post(SCHEDULES, status=400)
    answers.get(SCHEDULES, json=listed(schedule("Queued")))
    assert submit()["schedule_uuid"] == JOB


def test_a_refused_submission_is_an_error(submit: Submit, answers: responses.RequestsMock) -> None:
    answers.post(SCHEDULES, status=400)
    answers.get(SCHEDULES, json=listed(schedule("Queued", name="other")))
    with pytest.raises(QualysRejected):
        submit()


def test_a_job_that_still_runs_is_cancelled_first(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.post(f"{SCHEDULES}/cancel", json={"CancelJobId": "x"})
    answers.delete(f"{SCHEDULES}/{JOB}", status=204)
    schedules.clear_away(REGISTRY, SUBMISSION, qualys, ended=False)
    assert [call.request.method for call in answers.calls] == ["POST", "DELETE"]
    assert parameters(answers.calls[0]) == {"scheduleIds": [JOB]}


WEEK_AGO = str(NOW_MS - 7 * 86_400_000)


@pytest.fixture
def sweep(registry_cache: RegistryCache, qualys: QualysClient, clock: Clock) -> Callable[[], None]:
    """Sweeps the registry of the one region that was used lately; another was not."""
    registry_cache.remember("123456789012", "us-east-1", "reg-1")
    used = {("123456789012", "us-east-1"), ("123456789012", "eu-west-1")}
    return lambda: schedules.sweep(used, registry_cache, lambda: qualys, clock)


def test_sweeping_removes_what_dead_executions_left(
    sweep: Callable[[], None], answers: responses.RequestsMock
) -> None:
    rows = [
        schedule("Finished", scheduleUuid="ended", created=WEEK_AGO),
        schedule("Running", scheduleUuid="stuck", created=WEEK_AGO),
        schedule("Finished", scheduleUuid="recent"),
        schedule("Finished", scheduleUuid="of-no-age", created=None),
        schedule("Finished", scheduleUuid="", created=WEEK_AGO),  # in a bulk call: all of them?
        schedule("Finished", scheduleUuid="foreign", name="nightly", created=WEEK_AGO),
    ]
    answers.get(SCHEDULES, json=listed(*rows))
    answers.post(f"{SCHEDULES}/cancel", json={})
    answers.delete(f"{SCHEDULES}/bulk", json={})
    sweep()
    _, cancelled, deleted = [parameters(call) for call in answers.calls]
    assert cancelled == {"scheduleIds": ["stuck"]}
    assert deleted == {"scheduleIds": ["ended", "stuck"]}


def test_sweeping_nothing_asks_for_nothing(
    sweep: Callable[[], None], answers: responses.RequestsMock
) -> None:
    answers.get(SCHEDULES, json=listed(schedule("Finished")))
    sweep()
    assert len(answers.calls) == 1


def test_a_sweep_that_is_refused_fails_nothing(
    sweep: Callable[[], None], answers: responses.RequestsMock
) -> None:
    answers.get(SCHEDULES, status=403)
    sweep()
    assert len(answers.calls) == 1


def test_clearing_away_deletes_the_schedule(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.delete(f"{SCHEDULES}/{JOB}", status=204)
    schedules.clear_away(REGISTRY, SUBMISSION, qualys)
    assert len(answers.calls) == 1


def test_a_schedule_that_cannot_be_removed_costs_no_verdict(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.delete(f"{SCHEDULES}/{JOB}", status=400)
    schedules.clear_away(REGISTRY, SUBMISSION, qualys)
    assert len(answers.calls) == 1
