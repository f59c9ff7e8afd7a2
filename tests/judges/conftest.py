"""The policies of restored installations, and what the names in tables of requests stand for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import ACCOUNT, REGION
from sandbox.organization import ELSEWHERE, PREFIX
from sandbox.restored import restored_installation, restored_organization
from tests.judges.policies import Policy, in_state, of_account
from tests.judges.simulation import Judged

Json = dict[str, Any]


@pytest.fixture(scope="session")
def alone() -> Iterator[Judged]:
    """An installation of examples/single-account, in the account ACCOUNT."""
    with restored_installation(wait_scale=0.005) as installation:
        policies = list(of_account(installation.aws, ACCOUNT, REGION))
        outputs = installation.outputs
        names = {
            **_roles(policies),
            **outputs["topic_arns"],
            "cache": outputs["cache_table"]["arn"],
            "inventory": outputs["inventory_table"]["arn"],
            "state": outputs["state_table"]["arn"],
            "key": outputs["kms_key_arn"],
            "secret": outputs["qualys_secret_arn"],
            "failed": outputs["failed_events_queue"]["arn"],
            "undelivered": outputs["undelivered_events_queue"]["arn"],
            "intake-machine": outputs["intake_state_machine_arn"],
            "scan-machine": outputs["scan_state_machine_arn"],
            "deployments-rule": outputs["rule_arns"]["ecs_deployments"],
            "ended-rule": outputs["rule_arns"]["scan_ended"],
            "bucket": f"arn:aws:s3:::{outputs['trail']['bucket']}",
            "functions": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}",
            "logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{PREFIX}",
            "external-id": str(installation.aws_base()["externalId"]),
        }
        _complete(policies, installation.terraform.folder)
        yield Judged(policies, names)


@pytest.fixture(scope="session")
def organization() -> Iterator[Judged]:
    """A hub, and members of both kinds: `shop` by the templates, `tools` by regional-spoke."""
    with restored_organization(wait_scale=0.005) as made:
        aws, hub = made.installation.aws, made.hub
        policies = list(of_account(aws, ACCOUNT, REGION))
        names = {
            **_roles(policies),
            "organization": made.id,
            "external-id": hub["describe_external_id"],
            "bus": hub["event_bus_arn"],
            "undelivered": made.installation.outputs["undelivered_events_queue"]["arn"],
            "forwarded-rule": made.installation.outputs["rule_arns"]["forwarded_deployments"],
        }
        for member in ("shop", "tools", "images"):
            account = names[member] = getattr(made, member)
            found = list(of_account(aws, account, REGION))
            names |= {f"{member}-{name}": arn for name, arn in _roles(found).items()}
            policies += found
        elsewhere = [(ACCOUNT, ELSEWHERE), (made.shop, ELSEWHERE)]
        policies += [each for scope in elsewhere for each in of_account(aws, *scope)]
        _complete(policies, made.installation.terraform.folder)
        for root in made.roots.values():
            _complete(policies, root.folder)
        yield Judged(policies, names)


def _roles(policies: list[Policy]) -> dict[str, str]:
    """ARNs of roles by what their names say beside prefix and region."""
    arns = {each.of for each in policies if each.kind == "trust"}
    return {arn.partition(f"{PREFIX}-")[2].removesuffix(f"-{REGION}"): arn for arn in arns}


def _complete(policies: list[Policy], root: Path) -> None:
    """Fails where Terraform's state has a policy that was not found in the account.

    A topic's policy stands in two resources there, of which the state of one is from before.
    """
    found = [each.document for each in policies]
    written = in_state(root / "terraform.tfstate")
    assert len(written) > 2
    missing = [name for name, policy in written.items() if policy not in found]
    assert [name for name in missing if ".aws_sns_topic." not in name] == []
