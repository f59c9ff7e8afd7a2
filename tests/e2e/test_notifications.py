"""What subscribers get of a verdict, by their topic and their filter."""

import json

from image_scan.contracts import READERS
from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation

from .conftest import CLUSTER, CRITICAL, Workload


def test_a_subscriber_gets_what_its_filter_asks_for(
    installation: Installation, workload: Workload
) -> None:
    wanted = {"verdict": ["FINDINGS"], "max_severity": ["critical"], "cluster": [CLUSTER]}
    policies = {
        "wanted": wanted,
        "another-cluster": {"cluster": ["elsewhere"]},
        "no-result": {"max_severity": ["unknown"]},
    }
    queues = {
        name: installation.subscribe(
            f"filter-{name}", FilterPolicy=json.dumps(policy), RawMessageDelivery="true"
        )
        for name, policy in policies.items()
    }
    workload.find(CRITICAL)
    workload.deploy()
    got = {name: installation.messages(url) for name, url in queues.items()}
    assert {name: len(messages) for name, messages in got.items()} == {
        "wanted": 1,
        "another-cluster": 0,
        "no-result": 0,
    }
    sent = json.loads(got["wanted"][0]["Body"])
    assert sent["image"]["repository"] == f"tests/{workload.name}"
    assert sent["counts"]["critical"] == 1


def test_a_filter_holds_for_every_kind_of_reader(
    installation: Installation, workload: Workload
) -> None:
    """Attributes come with each text: an SQS queue with raw delivery shows those it gets."""
    wanted = {"FilterPolicy": json.dumps({"cluster": [CLUSTER], "max_severity": ["critical"]})}
    unwanted = {"FilterPolicy": json.dumps({"cluster": ["elsewhere"]})}
    queues = {
        reader: [
            installation.subscribe(
                f"{reader}-{name}", reader=reader, RawMessageDelivery="true", **policy
            )
            for name, policy in (("wanted", wanted), ("unwanted", unwanted))
        ]
        for reader in READERS
    }
    installation.subscribe_by_mail("payments@example.com", **wanted)
    installation.subscribe_by_mail("others@example.com", **unwanted)
    workload.find(CRITICAL)
    workload.deploy()
    texts = {}
    for reader, (url, empty) in queues.items():
        (message,) = installation.messages(url)
        assert installation.messages(empty) == []
        assert message["MessageAttributes"]["verdict"]["StringValue"] == "FINDINGS"
        texts[reader] = message["Body"]
    assert texts["phones"].startswith(f"tests/{workload.name}:1: 1 critical, 0 high; service ")
    assert json.loads(texts["chat"])["source"] == "custom"
    assert json.loads(texts["machines"])["schema"] == "image-scan/notification/1"
    assert installation.mail("payments@example.com") == [texts["people"]]
    assert installation.mail("others@example.com") == []


def test_a_person_reads_words(installation: Installation, workload: Workload) -> None:
    installation.subscribe_by_mail("oncall@example.com")
    workload.find(CRITICAL)
    workload.deploy()
    (text,) = installation.mail("oncall@example.com")
    assert text.startswith(f"tests/{workload.name}:1: 1 critical, 0 high\n")
    assert f"service {workload.name} (account {ACCOUNT}" in text
    assert "CVE-2026-0001: a critical finding" in text
    # It names who deployed, where the call's event comes before the task's; AWS leaves that open.
    sha = installation.verdicts()[workload.key]["config_digest"].removeprefix("sha256:")
    assert f"https://qualysguard.qg2.apps.qualys.com/cs/#/assets/images/{sha}\n" in text


def test_a_team_is_the_tag_of_its_service_or_else_of_the_repository(
    installation: Installation, workload: Workload
) -> None:
    queues = {
        team: installation.subscribe(
            f"team-{team}", FilterPolicy=json.dumps({"team": [team]}), RawMessageDelivery="true"
        )
        for team in ("payments", "platform", "nobody")
    }
    ecs = installation.ecs
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/tests/{workload.name}"
    tags = [{"Key": "team", "Value": "platform"}]
    installation.client("ecr").tag_resource(resourceArn=arn, tags=tags)
    workload.find(CRITICAL)
    definition = workload.register()
    for service, tags in (("tagged", [{"key": "team", "value": "payments"}]), ("plain", [])):
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=f"{workload.name}-{service}",
            taskDefinition=definition,
            desiredCount=1,
            tags=tags,
        )
    installation.wait_until_idle()
    sent = {
        entry["service"].removeprefix(f"{workload.name}-"): entry["team"]
        for each in installation.notifications()
        for entry in each["workloads"]
        if entry["service"]
    }
    assert sent == {"tagged": "payments", "plain": "platform"}
    got = {team: len(installation.messages(url)) for team, url in queues.items()}
    assert (got["payments"] > 0, got["platform"] > 0, got["nobody"]) == (True, True, 0)
