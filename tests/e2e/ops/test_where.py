"""make where: what the cache knows."""

import pytest

from sandbox import images

from .conftest import Operate, Pushed

CRITICAL = {"qid": 1, "severity": 5, "title": "a critical finding", "cveids": ["CVE-2026-0001"]}
# More than a notification names; the last is none of the worst.
LESSER = [
    {"qid": 100 + number, "severity": 2, "title": "lesser", "cveids": [f"CVE-2025-{1000 + number}"]}
    for number in range(12)
]


def test_an_image_is_found_by_whatever_names_it(operate: Operate, pushed: Pushed) -> None:
    pushed.find(CRITICAL)
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    config = next(iter(pushed.image.config_digests.values()))
    for reference in (
        pushed.image.by_tag,
        pushed.image.by_digest,
        pushed.image.digest,
        config,
        pushed.repository,
        f"{pushed.repository}:1",
    ):
        done = operate("where", IMAGE=reference, JSON="1")
        assert done.status == 0, (reference, done.errors)
        (known,) = done.json["known"]
        assert known["key"] == pushed.image.digest
        assert (known["verdict"], known["counts"]["critical"]) == ("FINDINGS", 1)
        assert (known["fresh"], known["known"]) == (True, True)
        assert known["runs"] == []
        (asked,) = known["requested_by"]
        assert asked.endswith(":root")
    shown = operate("where", IMAGE=pushed.image.digest).output
    assert "FINDINGS" in shown
    assert "asked for" in shown
    assert "by hand" in shown


def test_what_a_tag_named_before_is_another_image(operate: Operate, pushed: Pushed) -> None:

    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    ecr = pushed.installation.client("ecr")
    images.push(ecr, pushed.repository, images.build(f"{pushed.repository} again"), "1")
    assert operate("where", IMAGE=pushed.image.by_tag).status == 3
    assert operate("where", IMAGE=f"{pushed.repository}:1").status == 0


@pytest.mark.parametrize("reference", ["sha256:" + "0" * 64, "shop/never:1"])
def test_nothing_is_known_of_others(operate: Operate, reference: str) -> None:
    done = operate("where", IMAGE=reference)
    assert done.status == 3
    assert done.output.startswith("Nothing is known of")


def test_an_image_must_be_given(operate: Operate) -> None:
    done = operate("where")
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith("Name what to look for")


def test_where_it_runs_since_when_and_who_deployed_it(operate: Operate, pushed: Pushed) -> None:
    installation = pushed.installation
    pushed.find(CRITICAL, *LESSER)
    ecs, name = installation.ecs, pushed.repository.rsplit("/", 1)[-1]
    ecs.create_cluster(clusterName="prod")
    definition = ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "app", "image": pushed.image.by_tag}]
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster="prod", serviceName=name, taskDefinition=definition, desiredCount=2)
    installation.wait_until_idle()
    (known,) = operate("where", IMAGE=pushed.image.digest, JSON="1").json["known"]
    (run,) = known["runs"]
    assert (run["state"], run["service"], run["cluster"]) == ("running", name, "prod")
    assert run["principal"] == installation.deployer.arn
    for asked in ({"CVE": "cve-2026-0001"}, {"QID": "111"}, {"CVE": "CVE-2025-1011"}):
        having = operate("where", JSON="1", **asked).json["known"]
        assert pushed.image.digest in [each["key"] for each in having]
    assert operate("where", QID="999999").status == 3

    installation.client("dynamodb").delete_item(
        TableName=installation.outputs["cache_table"]["name"],
        Key={"imageDigest": {"S": pushed.image.digest}},
    )
    ecs.update_service(cluster="prod", service=name, desiredCount=0)
    installation.wait_until_idle()
    done = operate("where", IMAGE=pushed.image.by_tag)
    assert "none: it was not scanned" in done.output
    assert "stopped" in done.output
