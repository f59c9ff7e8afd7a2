"""Many scans at once, and what they share: the registry, the credential, the hour of a notice."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.qualys.client import QualysClient
from tests.support.builders import HOST
from tests.support.machine import TaskFailed
from tests.support.pipeline import URI, Json, Pipeline, ended, verdict

SECOND_TOKEN = "another-access-token"
SIGNED_IN = ("get_registry", "submit_scan", "check_status", "get_results")


def announce(pipeline: Pipeline, count: int, first: int = 0) -> None:
    """So many new images, each of a repository of its own, are on their way to a scan."""
    for number in range(first, first + count):
        repository = f"shop/app-{number}"
        pipeline.push(repository, "1", f"{number:064x}")
        pipeline.announce(f"{HOST}/{repository}:1", service=repository)


def made(pipeline: Pipeline) -> tuple[int, int]:
    state = pipeline.qualys.state()
    return len(state["registries"]), len(state["connectors"])


@pytest.mark.parametrize(("duplicates", "reply"), [(0, "object"), (400, "empty")])
def test_ten_first_scans_at_once_make_one_registry(
    pipeline: Pipeline, duplicates: int, reply: str
) -> None:
    pipeline.qualys.scenario(duplicate_registry_status=duplicates, registry_reply=reply)
    announce(pipeline, 10)
    runs = pipeline.scans_together()
    assert [ended(run) for run in runs] == [("CLEAN", "")] * 10
    assert made(pipeline) == (1, 1)
    assert pipeline.calls().count("POST /registry") == 1
    assert pipeline.calls().count("POST /registry/aws/connector") == 1
    environments = sum(pipeline.functions.environments[name] for name in SIGNED_IN)
    assert 4 < environments <= 40
    assert pipeline.secret_reads() <= environments


def test_a_list_that_lags_makes_no_second_registry(pipeline: Pipeline) -> None:
    """For a while nobody can see the registry that is there, and its creation gave no UUID."""
    pipeline.qualys.scenario(duplicate_registry_status=0)
    lagging(pipeline, seconds=40)
    announce(pipeline, 10)
    runs = pipeline.scans_together()
    assert [ended(run) for run in runs] == [("CLEAN", "")] * 10
    assert made(pipeline) == (1, 1)


def test_a_lost_creation_under_a_lagging_list_makes_no_second_registry(
    pipeline: Pipeline,
) -> None:
    """The answer is lost and the look-up finds nothing: it was made all the same."""
    pipeline.qualys.scenario(duplicate_registry_status=0)
    pipeline.spoil("/registry", method="POST", after=True, status=502)
    lagging(pipeline, seconds=40)
    announce(pipeline, 3)
    runs = pipeline.scans_together()
    assert [ended(run) for run in runs] == [("CLEAN", "")] * 3
    assert made(pipeline) == (1, 1)


def test_one_that_dies_while_it_creates_holds_the_others_up_and_not_for_ever(
    pipeline: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    """Its function is ended in the middle; another takes over when its lock has run out."""
    died: list[float] = []

    def once(*arguments: Any, **values: Any) -> Any:
        if not died:
            died.append(pipeline.time.time())
            pipeline.functions.sleep(100)
        return create(*arguments, **values)

    create = QualysClient.create_registry
    environment.setattr(QualysClient, "create_registry", once)
    announce(pipeline, 3)
    runs = pipeline.scans_together()
    assert [verdict(run) for run in runs] == ["CLEAN"] * 3
    assert made(pipeline) == (1, 1)
    assert died
    assert sum(run.retried("GetRegistry") for run in runs) >= 3


def lagging(pipeline: Pipeline, seconds: float) -> None:
    """The list of registries shows one only so long after its creation."""

    def shown(body: Any) -> Any:
        oldest = (pipeline.time.time() - seconds) * 1000
        rows = [row for row in body["data"] if int(row["created"]) <= oldest]
        return {"count": len(rows), "data": rows}

    pipeline.wire.rewrites["/registry"] = shown


def test_no_more_scans_are_at_qualys_than_the_installation_allows(pipeline: Pipeline) -> None:
    pipeline.configure(MAX_CONCURRENT_SCANS="3")
    pipeline.qualys.scenario(scan_seconds=200.0)
    most: list[int] = []

    def count(body: Any) -> Any:
        jobs = pipeline.qualys.state()["schedules"]
        most.append(len([job for job in jobs if job["status"] in ("Queued", "Running")]))
        return body

    pipeline.wire.rewrites["/registry/[^/]+/schedule"] = count
    announce(pipeline, 8)
    runs = pipeline.scans_together()
    assert [verdict(run) for run in runs] == ["CLEAN"] * 8
    assert max(most) == 3
    assert sum(run.retried("SubmitScan") for run in runs) >= 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"token": "an-access-token"}, {"token": SECOND_TOKEN}),
        (
            {"username": "robot", "password": "secret"},
            {"username": "robot", "password": "second-secret"},
        ),
        (
            {"client_id": "client", "client_secret": "client-secret"},
            {"client_id": "client", "client_secret": "second-client-secret"},
        ),
        ({"token": "an-access-token"}, {"client_id": "client", "client_secret": "client-secret"}),
    ],
    ids=["token", "user", "client", "token to client"],
)
def test_a_rotated_credential_is_taken_up_without_a_deployment(
    pipeline: Pipeline, old: dict[str, str], new: dict[str, str]
) -> None:
    """The old one stops working while functions hold it; the secret has the new one by then."""
    pipeline.sign_in_with(**old)
    announce(pipeline, 2)
    assert [verdict(run) for run in pipeline.scans()] == ["CLEAN"] * 2
    pipeline.rotate(old, new)
    announce(pipeline, 2, first=2)
    runs = pipeline.scans()
    assert [(verdict(run), run.retries) for run in runs] == [("CLEAN", {})] * 2
    assert pipeline.notifications() == []


def test_the_secret_is_read_once_per_environment_while_it_works(pipeline: Pipeline) -> None:
    announce(pipeline, 4)
    pipeline.scans()
    pipeline.time.sleep(7200)
    announce(pipeline, 4, first=4)
    pipeline.scans()
    # Only the first scan needs to ask for the registry.
    assert pipeline.secret_reads() == len(SIGNED_IN)
    assert {pipeline.functions.environments[name] for name in SIGNED_IN} == {1}


@pytest.mark.parametrize(
    "secret",
    [{"username": "robot", "password": "secret"}, {"token": "an-access-token"}],
    ids=["user", "token"],
)
def test_neither_is_it_read_again_for_a_new_token_nor_for_time_passing(
    pipeline: Pipeline, secret: dict[str, str]
) -> None:
    pipeline.sign_in_with(**secret)
    announce(pipeline, 1)
    pipeline.scans()
    reads = pipeline.secret_reads()
    pipeline.time.sleep(5 * 3600)  # beyond the life of a JWT
    announce(pipeline, 1, first=1)
    (run,) = pipeline.scans()
    assert (verdict(run), pipeline.secret_reads()) == ("CLEAN", reads)


def dead(pipeline: Pipeline) -> None:
    pipeline.qualys.revoke_token("an-access-token")


def test_a_dead_credential_is_notified_once_and_its_images_are_queued(pipeline: Pipeline) -> None:
    announce(pipeline, 20)
    dead(pipeline)
    runs = pipeline.scans_together()
    assert {run.status for run in runs} == {"FAILED"}
    (message,) = pipeline.notifications()
    assert message["verdict"] == "ERROR"
    assert message["reason"].startswith("QualysUnauthorized: ")
    waiting = pipeline.failed_events()
    assert len(waiting) == 20
    assert {each["error"] for each in waiting} == {"QualysUnauthorized"}
    assert {each["detail"]["image"].partition("@sha256:")[0] for each in waiting} == {
        f"{HOST}/shop/app-{number}:1" for number in range(20)
    }


def test_an_hour_later_a_dead_credential_is_notified_again(pipeline: Pipeline) -> None:
    announce(pipeline, 2)
    dead(pipeline)
    pipeline.scans()
    pipeline.time.sleep(3500)
    announce(pipeline, 1, first=2)
    pipeline.scans()
    assert len(pipeline.notifications()) == 1
    pipeline.time.sleep(101)
    announce(pipeline, 1, first=3)
    pipeline.scans()
    assert len(pipeline.notifications()) == 2


def test_what_was_queued_is_scanned_when_it_is_put_back(pipeline: Pipeline) -> None:
    """The queue holds events that the intake reads; by then the credential works."""
    announce(pipeline, 3)
    dead(pipeline)
    pipeline.scans()
    pipeline.rotate({}, {"token": SECOND_TOKEN})
    pipeline.find(5, key="shop/app-1")
    waiting = pipeline.failed_events()
    assert len(waiting) == 3
    pipeline.time.sleep(60)
    for event in waiting:
        assert pipeline.intake(event).status == "SUCCEEDED"
    assert sorted(verdict(run) for run in pipeline.scans()) == ["CLEAN", "CLEAN", "FINDINGS"]
    (workload,) = pipeline.notifications()[-1]["workloads"]
    assert workload["cluster"] == "prod"
    assert workload["task_definition"].endswith("shop/app-1:1")


def test_a_malformed_secret_is_notified_once_as_well(pipeline: Pipeline) -> None:
    pipeline.sign_in_with(user="robot")
    announce(pipeline, 5)
    runs = pipeline.scans_together()
    assert {run.status for run in runs} == {"FAILED"}
    assert len(pipeline.notifications()) == 1
    assert {each["error"] for each in pipeline.failed_events()} == {"ConfigurationError"}
    assert len(pipeline.failed_events()) == 5


def test_one_images_missing_scope_silences_no_other(pipeline: Pipeline) -> None:
    """A 403 may be about one image: each is notified by itself, and queued until the scope is
    given."""
    pipeline.spoil("/images/.*", status=403, times=0)
    announce(pipeline, 3)
    runs = pipeline.scans_together()
    assert [ended(run) for run in runs] == [("ERROR", "QualysForbidden")] * 3
    assert len(pipeline.notifications()) == 3
    assert len(pipeline.failed_events()) == 3


def test_what_was_queued_is_the_image_that_was_deployed(pipeline: Pipeline) -> None:
    """By then its tag may name another one."""
    announce(pipeline, 1)
    dead(pipeline)
    pipeline.scans()
    (waiting,) = pipeline.failed_events()
    pipeline.push("shop/app-0", "1", "f" * 64)
    pipeline.rotate({}, {"token": SECOND_TOKEN})
    assert pipeline.intake(waiting).status == "SUCCEEDED"
    assert pipeline.scans() == []
    sent = pipeline.notifications()[-1]
    assert (sent["verdict"], sent["image"]["digest"]) == (
        "UNSCANNABLE",
        waiting["detail"]["image"].partition("@")[2],
    )


@pytest.mark.parametrize(("also_tagged", "expected"), [(True, "FINDINGS"), (False, "UNSCANNABLE")])
def test_a_queued_event_is_of_the_image_that_its_tag_then_named(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, also_tagged: bool, expected: str
) -> None:
    """The tag has moved since; a lease is held for the image before, whose workload waits."""
    before = pipeline.push()
    pipeline.find(5)

    def refuse(_arguments: Json, _seconds: float) -> Json:
        raise TaskFailed("StepFunctions.AWSStepFunctionsException", "")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "_start_execution", refuse)
        assert pipeline.intake(pipeline.event(URI, "web")).status == "FAILED"
    assert pipeline.item(before)["status"] == "IN_PROGRESS"
    (waiting,) = pipeline.failed_events()
    assert waiting["resolved"] == {"app": before}
    if also_tagged:
        pipeline.push(tag="also")
    pipeline.push(config="d" * 64)
    assert pipeline.intake(waiting).status == "SUCCEEDED"
    pipeline.scans()
    assert pipeline.item(before)["status"] == expected
    assert pipeline.notifications()[-1]["verdict"] == expected
    assert pipeline.notifications()[-1]["image"]["digest"] == before
