"""Jobs as the API shows them: made, listed, cancelled, deleted."""

from typing import Any

import pytest

from tests.sandbox.qualys.caller import Caller, single

FILTERS = [{"days": None, "repoTags": [{"repo": "team/app", "tag": "1.0"}]}]
BODY = {"name": "job", "onDemand": True, "forceScan": True, "filters": FILTERS}
STAMPS = (
    "jobStartDate",
    "jobListingStartDate",
    "jobListingCompletionDate",
    "jobScanningStartDate",
    "jobScanningCompletionDate",
    "jobCompletionDate",
)


def test_a_job_is_made_and_listed_as_queued(caller: Caller) -> None:
    registry = caller.registry()
    answer = caller.post(f"/registry/{registry}/schedule", BODY)
    assert answer.status_code == 200
    assert set(answer.json()) == {"scheduleUuid"}
    row = caller.job(registry, answer.json()["scheduleUuid"])
    assert (row["status"], row["name"], row["filters"]) == ("Queued", "job", FILTERS)
    assert row["created"].isdigit()
    assert [row[name] for name in STAMPS] == [None] * 6
    assert row["errors"] == []
    assert "lastScanned" not in row


@pytest.mark.parametrize("reply", ["scheduleId", "string", "empty"])
def test_other_replies_to_a_new_job(caller: Caller, reply: str) -> None:
    registry = caller.registry()
    caller.control.scenario(schedule_reply=reply)
    answer = caller.post(f"/registry/{registry}/schedule", BODY)
    assert answer.status_code == 200
    known = caller.get(f"/registry/{registry}/schedule").json()["data"][0]["scheduleUuid"]
    if reply == "empty":
        assert answer.content == b""
    else:
        assert answer.json() == (known if reply == "string" else {"scheduleId": known})


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"filters": []},
        {"filters": [{"days": 9, "repoTags": FILTERS[0]["repoTags"]}]},
        {"filters": [{"days": None, "repoTags": [{"repo": "team/app"}]}]},
        {"onDemand": "yes"},
        {"onDemand": False},
        {"onDemand": False, "scheduleScanIntervalInDays": 366},
    ],
)
def test_an_invalid_job_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    registry = caller.registry()
    answer = caller.post(f"/registry/{registry}/schedule", {**BODY, **change})
    assert answer.status_code == 400


def test_an_automatic_job_is_stored_and_not_run(caller: Caller) -> None:
    registry = caller.registry()
    answer = caller.post(
        f"/registry/{registry}/schedule",
        {**BODY, "onDemand": False, "schedule": "03:00", "scheduleScanIntervalInDays": 1},
    )
    caller.finish()
    assert caller.job(registry, answer.json()["scheduleUuid"])["status"] == "Created"


def test_a_body_that_is_no_json_is_refused(caller: Caller) -> None:
    registry = caller.registry()
    answer = caller.ask("POST", f"/registry/{registry}/schedule", data="{")
    assert answer.status_code == 400


def test_unknown_registries_and_jobs_are_404(caller: Caller) -> None:
    registry = caller.registry()
    nothing = "00000000-0000-0000-0000-000000000000"
    assert caller.post(f"/registry/{nothing}/schedule", BODY).status_code == 404
    assert caller.get(f"/registry/{nothing}/schedule").status_code == 404
    assert caller.delete(f"/registry/{registry}/schedule/{nothing}").status_code == 404
    assert caller.get(f"/registry/{registry}/schedule").status_code == 204


def test_jobs_are_filtered_by_the_documented_tokens(caller: Caller) -> None:
    registry = caller.registry()
    first, second = caller.schedule(registry), caller.schedule(registry)
    path = f"/registry/{registry}/schedule"
    assert caller.get(path, filter="scheduleUuid:*").json()["count"] == 2
    assert caller.get(path, filter="status:Running").status_code == 204
    both = f"scheduleUuid:{first} or scheduleUuid:`{second}`"
    assert caller.get(path, filter=both).json()["count"] == 2
    assert caller.get(path, filter='name:"job"').status_code == 400


def test_duplicate_names_pass_unless_set_otherwise(caller: Caller) -> None:
    registry = caller.registry()
    caller.schedule(registry)
    caller.schedule(registry)
    caller.control.scenario(reject_duplicate_schedule_names=True)
    assert caller.post(f"/registry/{registry}/schedule", BODY).status_code == 400


def test_a_running_job_can_be_cancelled_but_not_deleted(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    registry = caller.registry()
    schedule = caller.schedule(registry)
    path = f"/registry/{registry}/schedule/{schedule}"
    caller.control.advance(0.03)
    assert caller.job(registry, schedule)["status"] == "Running"
    assert caller.delete(path).status_code == 400
    assert caller.post(f"{path}/cancel").status_code == 200
    caller.finish()
    assert caller.job(registry, schedule)["status"] == "Canceled"
    assert caller.get("/images").status_code == 204
    assert caller.post(f"{path}/cancel").status_code == 400
    answer = caller.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert caller.get(f"/registry/{registry}/schedule").status_code == 204


def test_bulk_cancel_leaves_ended_jobs_alone(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    registry = caller.registry()
    done = caller.schedule(registry)
    caller.finish()
    queued = caller.schedule(registry)
    ids = {"scheduleIds": [done, queued]}
    answer = caller.ask("POST", f"/registry/{registry}/schedule/cancel", params=ids)
    assert set(answer.json()) == {"CancelJobId"}
    assert caller.job(registry, done)["status"] == "Finished"
    assert caller.job(registry, queued)["status"] == "Canceled"


def test_bulk_delete_takes_ids_before_a_filter_and_leaves_queued_jobs(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    registry = caller.registry()
    done, other = caller.schedule(registry), caller.schedule(registry)
    caller.finish()
    queued = caller.schedule(registry)
    path = f"/registry/{registry}/schedule/bulk"
    ids = [done, queued]
    answer = caller.delete(path, scheduleIds=ids, filter="status:Finished")
    assert set(answer.json()) == {"deletionJobId"}
    left = caller.get(f"/registry/{registry}/schedule").json()["data"]
    assert {row["scheduleUuid"] for row in left} == {other, queued}
    caller.delete(path, filter="status:Finished")
    assert caller.get(f"/registry/{registry}/schedule").json()["count"] == 1
    assert caller.delete(path).status_code == 400


def test_a_deleted_queued_job_never_runs(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    registry = caller.registry()
    schedule = caller.schedule(registry)
    assert caller.delete(f"/registry/{registry}/schedule/{schedule}").status_code == 204
    caller.finish()
    assert caller.get("/images").status_code == 204


def test_status_names_can_be_the_older_ones(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.scenario(status_names={"Finished": "Completed"})
    assert caller.scan()["status"] == "Completed"
    row = caller.get("/registry").json()["data"][0]
    assert row["scheduleStatusList"] == {"Completed": 1}
