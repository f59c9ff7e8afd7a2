"""A small `make chaos`: one deployment in five meets a fault, and then some; and one of none."""

import time

import pytest

from image_scan.state.keys import REGISTRIES
from sandbox import gated
from sandbox.aws import ACCOUNT, REGION
from sandbox.chaos import gated_services
from sandbox.chaos.run import run
from sandbox.restored import restored_installation


@pytest.mark.xdist_group("chaos")
def test_nothing_is_lost_and_nothing_is_falsely_clean() -> None:
    result = run(seed=1, events=200, rate=0.2)
    assert sum(result.faults.values()) > 300, result.faults
    assert len(result.faults) > 20, "faults of every kind"
    assert result.before.wrong == [], result.evidence
    assert result.before.by_event["in the undelivered-events queue"] > 0
    assert result.after.wrong == [], result.evidence
    assert result.after.by_event.keys() == {"handled"}
    assert result.after.by_event["handled"] > 200, "versions with the same or worse findings, too"
    assert result.after.by_task_event.keys() == result.after.by_request.keys() == {"handled"}
    scopes = result.after.out_of_scope
    assert sorted(scopes) == ["agents", "opted out", "sandboxes"]
    assert min(scopes.values()) >= 3, "three images at each service"


@pytest.mark.xdist_group("chaos")
def test_nobody_is_notified_twice_when_nothing_fails() -> None:
    result = run(seed=2, events=60, rate=0.0)
    assert sum(result.faults.values()) == 0
    assert result.before.notifications["FINDINGS"] > 5
    assert (result.before.notified_again, result.before.wrong) == ([], []), result.evidence
    assert result.before.needless == []
    assert result.before.by_event.keys() == result.before.by_request.keys() == {"handled"}
    assert result.before.out_of_scope.keys() == {"opted out"}
    assert result.after.wrong == [], result.evidence


@pytest.mark.xdist_group("chaos of the gate")
def test_nothing_blocked_starts_and_audit_holds_nothing() -> None:
    enforced, audited = gated_services.run(seed=1, deployments=24, rate=0.2)
    for each in (enforced, audited):
        assert (each.wrong, each.statuses.total()) == ([], 24), each
        assert each.faults > 100, each
    assert enforced.effects["blocked"] > 3, enforced
    assert enforced.statuses["SUCCESSFUL"] > 3, enforced
    assert enforced.bad == 0
    assert audited.bad > 0, "the same judge sees what starts in audit mode"
    assert audited.waits == 0


@pytest.mark.xdist_group("chaos of the gate")
def test_a_locked_registry_ends_a_run_of_the_gate_before_it_begins() -> None:
    """As an execution leaves it that dies while it creates the registry. Without the lock, the
    registry is known after the first deployment, and nobody has to lock it."""
    with restored_installation(wait_scale=gated_services.WAIT_SCALE) as installation:
        installation.qualys.control.scenario(scan_seconds=0.2, rate_limiting=False)
        installation.ecs.create_cluster(clusterName=gated_services.CLUSTER)
        dynamodb = installation.client("dynamodb")
        table = {"TableName": installation.outputs["state_table"]["name"]}
        key = {"key": {"S": f"{REGISTRIES}{ACCOUNT}#{REGION}"}}
        until = {"N": str(int(time.time()) + 65)}
        dynamodb.put_item(**table, Item={**key, "registry_uuid": {"S": ""}, "until": until})
        with pytest.raises(RuntimeError, match="ended as ROLLBACK_FAILED"):
            gated_services.know_registry(installation)
        (verdict,) = installation.verdicts().values()
        assert (verdict["status"], verdict["error"]) == ("ERROR", "RegistryNotReady")
        dynamodb.delete_item(**table, Key=key)
        image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/gate/first:1"
        cluster = gated_services.CLUSTER
        assert gated.deploy(installation, cluster, "first", image).status == "SUCCESSFUL"
        assert dynamodb.get_item(**table, Key=key)["Item"]["registry_uuid"]["S"]
