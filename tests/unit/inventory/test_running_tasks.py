"""What runs in a region is listed step by step, and a region without an answer comes last."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.events.scope import EVERYTHING
from image_scan.inventory.running_tasks import NoAnswerError, RunningTasks, Started
from image_scan.inventory.shares import LATER
from tests.support.builders import ACCOUNT, HOST, REGION
from tests.support.doubles import OneAccount
from tests.support.fake_ecs import Ecs

APP = {"name": "app", "image": f"{HOST}/shop/app:1", "imageDigest": f"sha256:{1:064x}"}


class Odd(Ecs):
    """One cluster cannot be listed, or nothing can."""

    def __init__(self, error: Exception, cluster: str = "") -> None:
        super().__init__()
        self.error, self.cluster = error, cluster

    def paginate(self, cluster: str = "") -> list[dict[str, Any]]:
        if cluster != self.cluster:
            return super().paginate(cluster)
        with clients.calls("ecs:ListClusters"):
            raise self.error


def running(ecs: Ecs) -> RunningTasks:
    ecs.run(1, APP)
    return RunningTasks(OneAccount(lambda _: ecs, lambda _: None), EVERYTHING, "2026-02-02")


def test_a_cluster_that_is_deleted_meanwhile_hides_no_other() -> None:
    ecs = Odd(AwsRejected("ecs:ListTasks: ClusterNotFoundException: none"), "cluster/empty")
    steps = [*running(ecs).at(ACCOUNT, REGION)]
    assert [each.tasks[0]["image"]["tag"] for each in steps if isinstance(each, Started)] == ["1"]
    ecs = Odd(AwsRejected("ecs:ListTasks: AccessDeniedException: no"), "cluster/empty")
    with pytest.raises(AwsRejected):
        list(running(ecs).at(ACCOUNT, REGION))


def test_a_region_without_an_answer_lets_all_other_regions_go_first() -> None:
    lists = running(Odd(ConnectTimeoutError(endpoint_url="")))
    with pytest.raises(NoAnswerError, match="ConnectTimeoutError"):
        next(lists.at(ACCOUNT, REGION))
    assert next(lists.at("2", REGION)) is LATER
    with pytest.raises(NoAnswerError):
        next(lists.at("2", "eu-west-9"))


def test_a_throttled_account_puts_nobody_off() -> None:
    lists = running(Odd(AwsUnavailable("ecs:ListClusters: ThrottlingException")))
    for _ in range(2):
        with pytest.raises(NoAnswerError):
            next(lists.at(ACCOUNT, REGION))
