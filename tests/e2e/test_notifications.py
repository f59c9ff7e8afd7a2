"""What subscribers get of a verdict, by their protocol and their filter."""

import json

from sandbox.aws import ACCOUNT
from sandbox.install import Install

from .conftest import CLUSTER, CRITICAL, Workload


def test_a_subscriber_gets_what_its_filter_asks_for(install: Install, workload: Workload) -> None:
    wanted = {"verdict": ["FINDINGS"], "max_severity": ["critical"], "cluster": [CLUSTER]}
    policies = {
        "wanted": wanted,
        "another-cluster": {"cluster": ["elsewhere"]},
        "no-result": {"max_severity": ["unknown"]},
    }
    queues = {
        name: install.subscribe(
            f"filter-{name}", FilterPolicy=json.dumps(policy), RawMessageDelivery="true"
        )
        for name, policy in policies.items()
    }
    workload.find(CRITICAL)
    workload.deploy()
    got = {name: install.messages(url) for name, url in queues.items()}
    assert {name: len(messages) for name, messages in got.items()} == {
        "wanted": 1,
        "another-cluster": 0,
        "no-result": 0,
    }
    told = json.loads(got["wanted"][0]["Body"])
    assert told["image"]["repository"] == f"tests/{workload.name}"
    assert told["counts"]["critical"] == 1


def test_a_person_reads_words(install: Install, workload: Workload) -> None:
    install.subscribe_by_mail("oncall@example.com")
    workload.find(CRITICAL)
    workload.deploy()
    (text,) = install.mail("oncall@example.com")
    assert text.startswith(f"tests/{workload.name}:1: 1 critical, 0 high\n")
    assert f"service {workload.name} (account {ACCOUNT}" in text
    assert "CVE-2026-0001: a critical finding" in text
    assert "user/ci-deployer" in text
