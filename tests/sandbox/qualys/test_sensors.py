"""The one sensor, its absence, and the lists that nothing is ever in."""

from tests.sandbox.qualys.caller import Caller, single


def test_one_registry_sensor_is_running(caller: Caller) -> None:
    answer = caller.get("/sensors").json()
    assert answer["count"] == 1
    row = answer["data"][0]
    assert (row["sensorType"], row["status"]) == ("REGISTRY", "Running")
    assert row["lastCheckedIn"].isdigit()
    assert caller.get(f"/sensors/{row['sensorId']}").json() == row
    assert caller.get("/sensors", filter="status:Running").status_code == 200
    assert caller.get("/sensors", filter="status:Stopped").status_code == 204
    assert caller.get("/sensors/nothing").status_code == 404


def test_a_stopped_sensor_is_listed_and_leaves_jobs_queued(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.scenario(sensor="stopped")
    caller.control.advance(60)
    row = caller.get("/sensors").json()["data"][0]
    assert row["status"] == "Stopped"
    assert row["lastCheckedIn"] == row["created"]
    assert caller.scan()["status"] == "Queued"
    caller.control.scenario(sensor="running")
    caller.finish()
    assert caller.image()["scanStatus"] == "SUCCESS"


def test_an_absent_sensor_is_not_listed_and_leaves_jobs_queued(caller: Caller) -> None:
    caller.control.scenario(sensor="absent")
    assert caller.get("/sensors").status_code == 204
    assert caller.scan()["status"] == "Queued"


def test_no_container_is_ever_known(caller: Caller) -> None:
    for path in ("/containers", "/containers/list"):
        answer = caller.get(path, filter="state:RUNNING")
        assert (answer.status_code, answer.content) == (204, b"")


def test_permissions_of_sensors_and_containers_have_names_of_their_own(caller: Caller) -> None:
    caller.control.scenario(denied_permissions=["CS.SENSOR.VIEW"])
    assert caller.get("/sensors").status_code == 403
    assert caller.get("/containers").status_code == 204
