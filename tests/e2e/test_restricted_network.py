"""A network that inspects TLS with an authority of its own, and whose proxy asks for a password."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.installation import Installation
from sandbox.qualys import Credentials, EcrImages, QualysSimulator, make_sensor_user
from sandbox.terraform_project import Terraform
from tests.support.authority import private_tls
from tests.support.proxy import PasswordProxy, password_proxy

from .conftest import Workload
from .ops.examination import failing, look

PASSWORD = "canary-proxy-7f1c0a"


@dataclass
class Network:
    """Qualys in it, and the installation that is moved into it."""

    installation: Installation
    gateway: QualysSimulator
    proxy: PasswordProxy
    authority: str
    printed: list[str]

    def apply(self, **more: Any) -> dict[str, Any]:
        """Has the functions go through the proxy. Returns the plan."""
        secret = {
            "token": self.installation.token,
            "proxy_user": "scan",
            "proxy_password": PASSWORD,
        }
        environment = {"TF_VAR_qualys_credentials": json.dumps(secret)}
        folder = self.installation.terraform.folder
        environment |= self.installation.aws.environment()
        terraform = Terraform(folder, environment, self.printed.append)
        network = {"https_proxy": self.proxy.url, "no_proxy": ".amazonaws.com", **more}
        self.installation.set_variables(
            {
                **self.installation.variables,
                "qualys_gateway_url": self.gateway.url,
                "qualys_credentials_version": 2,
                "network": network,
            }
        )
        plan = terraform.plan()
        terraform.apply()
        return plan


@pytest.fixture
def network(installation: Installation, tmp_path: Path) -> Iterator[Network]:
    tls = private_tls(tmp_path)
    sensor = make_sensor_user(installation.aws.endpoint)
    images = EcrImages(installation.aws.endpoint, lambda: sensor)
    credentials = Credentials(tokens=(installation.token,))
    with (
        QualysSimulator(credentials, images, scenario={"scan_seconds": 0.2}, tls=tls) as gateway,
        password_proxy("scan", PASSWORD) as proxy,
    ):
        yield Network(installation, gateway, proxy, tls.authority.read_text(), [])


def everything_readable(installation: Installation) -> Iterator[str]:
    """What the state, the functions' configuration, logs and executions show."""
    yield (installation.terraform.folder / "terraform.tfstate").read_text()
    functions, logs = installation.client("lambda"), installation.client("logs")
    yield json.dumps(functions.list_functions(), default=str)
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group["logGroupName"]):
            yield json.dumps(page, default=str)
    for scan in installation.scans():
        yield json.dumps(list(installation.scan_history(scan["executionArn"])), default=str)


def test_nothing_is_lost_until_the_authority_is_known(
    installation: Installation, workload: Workload, network: Network
) -> None:
    plans = [network.apply()]
    workload.deploy_once()
    (sent,) = installation.notifications()
    assert sent["verdict"] == "ERROR"
    assert sent["reason"].startswith("QualysUntrusted: GET /registry")
    assert "network.ca_bundle" in sent["reason"]
    (queued,) = installation.failed_events()
    assert queued["error"] == "QualysUntrusted"
    assert network.gateway.control.calls() == []
    (scan,) = workload.scans()
    assert installation.scan_states(scan["executionArn"]).count("GetRegistry") == 1
    assert (network.proxy.opened, network.proxy.refused) == (1, 0)
    said = failing(look(installation.aws))
    assert "is not trusted" in said["gateway-reachable"]
    assert "QualysUntrusted" in said["scans-succeed"]

    plans.append(network.apply(ca_bundle={"pem": network.authority}))
    installation.client("stepfunctions").start_execution(
        stateMachineArn=installation.outputs["intake_state_machine_arn"],
        input=json.dumps(queued["body"]),
    )
    installation.wait_until_idle()
    assert workload.verdict()["status"] == "CLEAN"
    assert any(call["method"] == "POST" for call in network.gateway.control.calls())
    assert not network.proxy.refused
    assert "gateway-reachable" not in failing(look(installation.aws))

    texts = [json.dumps(plans), *network.printed, *everything_readable(installation)]
    assert [text[:200] for text in texts if PASSWORD in text] == []
