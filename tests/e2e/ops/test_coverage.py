"""make backfill, coverage and report: what runs is found, though every event was missed."""

from pathlib import Path

from sandbox.installation import Installation

from .conftest import Operate, Pushed


def run_service(installation: Installation, pushed: Pushed) -> str:
    name = pushed.repository.rsplit("/", 1)[-1]
    installation.ecs.create_cluster(clusterName="prod")
    definition = installation.ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "app", "image": pushed.image.by_tag}]
    )["taskDefinition"]["taskDefinitionArn"]
    installation.ecs.create_service(
        cluster="prod", serviceName=name, taskDefinition=definition, desiredCount=2
    )
    installation.wait_until_idle()
    return name


def forget(installation: Installation, pushed: Pushed) -> None:
    """As if no event had ever come."""
    dynamodb = installation.client("dynamodb")
    table = installation.outputs["inventory_table"]["name"]
    for row in dynamodb.scan(TableName=table)["Items"]:
        if pushed.image.digest in row["digest"]["S"]:
            key = {name: row[name] for name in ("digest", "workload")}
            dynamodb.delete_item(TableName=table, Key=key)
    dynamodb.delete_item(
        TableName=installation.outputs["cache_table"]["name"],
        Key={"imageDigest": {"S": pushed.image.digest}},
    )


def rows(installation: Installation, pushed: Pushed) -> list[tuple[str, str]]:
    return [
        (row["service"], row["state"])
        for row in installation.inventory()
        if row["digest"] == pushed.image.digest
    ]


def test_what_was_missed_is_found_scanned_and_known(
    installation: Installation, operate: Operate, pushed: Pushed
) -> None:
    name = run_service(installation, pushed)
    forget(installation, pushed)
    assert pushed.verdict == {}
    assert rows(installation, pushed) == []

    first = operate("backfill", JSON="1")
    assert first.status == 0, first.errors
    assert first.json["sent"] >= 1
    (asked,) = [each for each in first.json["scans"] if each["key"] == pushed.image.digest]
    assert (asked["why"], asked["started"]) == ("no verdict", True)
    assert first.json["unreadable"] == {}
    installation.wait_until_idle()
    assert pushed.verdict["status"] == "CLEAN"
    assert rows(installation, pushed) == [(name, "running")]

    second = operate("backfill", JSON="1").json
    assert second["running_images"] == first.json["running_images"]
    assert second["fresh_verdicts"] == first.json["fresh_verdicts"] + 1
    history = operate("coverage", JSON="1").json["reconciliations"]
    assert [each["at"] for each in history[-2:]] == [first.json["at"], second["at"]]
    assert operate("status", JSON="1").json["coverage"] == history[-1]
    shown = operate("coverage").output
    assert "coverage" in shown
    assert f"{second['coverage_percent']} %" in shown
    assert installation.failed_events() == []


def test_what_ended_without_a_result_is_scanned_again_and_said_so_truly(
    installation: Installation, operate: Operate, pushed: Pushed
) -> None:
    pushed.behave(job_error="no space")
    run_service(installation, pushed)
    assert pushed.verdict["status"] == "ERROR"
    for _ in range(2):
        shown = operate("backfill").output
        assert f"scanned now: {pushed.image.by_tag}" in shown
        assert "ERROR: ScanFailed" in shown
        installation.wait_until_idle()
        assert pushed.verdict["status"] == "ERROR"
    notified = [each for each in installation.notifications() if each.get("verdict") == "ERROR"]
    assert len(notified) == 1, "nobody reads of the same failure every day"
    pushed.behave()
    operate("backfill")
    installation.wait_until_idle()
    assert pushed.verdict["status"] == "CLEAN"
    again = operate("backfill", JSON="1").json
    assert [each for each in again["scans"] if each["key"] == pushed.image.digest] == []


def test_a_report_names_what_runs_where(
    installation: Installation, operate: Operate, pushed: Pushed, tmp_path: Path
) -> None:
    pushed.find({"qid": 1, "severity": 5, "title": "a critical finding"})
    name = run_service(installation, pushed)
    assert operate("backfill").status == 0
    file = tmp_path / "report.html"
    made = operate("report", OUT=str(file))
    assert made.status == 0, made.errors
    assert "with critical or high findings" in made.output
    shown = file.read_text(encoding="utf-8")
    for text in (f"{pushed.repository}:1", pushed.image.digest, name, "a critical finding"):
        assert text in shown

    found = operate("report", JSON="1").json
    (image,) = [each for each in found["images"] if each["key"] == pushed.image.digest]
    assert (image["verdict"], image["counts"]["critical"]) == ("FINDINGS", 1)
    ((workload,),) = image["running"].values()
    assert (workload["name"], workload["state"]) == (name, "running")
    assert found["course"]

    nowhere = operate("report", OUT=str(tmp_path / "missing" / "report.html"))
    assert nowhere.status == 2
    assert "cannot be written" in nowhere.errors
