"""The gate of the hub decides about services of members, with IAM enforced in both accounts."""

import json
from collections.abc import Callable

import pytest

from sandbox import gated, images
from sandbox.organization import Organization

from .conftest import CLUSTER, App

CRITICAL = [{"qid": 1, "severity": 5, "title": "a critical finding"}]


@pytest.fixture(scope="module")
def inbox(organization: Organization) -> str:
    """A queue of the gate's notifications alone."""
    policy = json.dumps({"effect": [{"exists": True}]})
    return organization.installation.subscribe("gate", FilterPolicy=policy)


@pytest.mark.parametrize(("member", "owner"), [("shop", "shop"), ("tools", "images")])
def test_a_member_is_gated(
    organization: Organization, make_app: Callable[..., App], inbox: str, member: str, owner: str
) -> None:
    """The shop has its hook role by the template of the StackSet, the tools by Terraform, with
    images of a third account."""
    installation = organization.installation
    app = make_app(getattr(organization, member), of=getattr(organization, owner))
    good = app.pushed.by_tag
    assert app.serve_gated(good)["status"] == "SUCCESSFUL"
    bad = push_bad(app, getattr(organization, owner))
    installation.messages(inbox)
    ended = app.serve_gated(bad)
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert ended["lifecycleHookDetails"][0]["status"] == "FAILED"
    assert gated.started(app.spoke.ecs, CLUSTER, app.name) == {good}
    assert subjects(organization, inbox) == [f"Gate: {app.name} was blocked"]
    app.wait_until_idle()
    assert installation.failed_events() == []


def test_audit_lets_a_member_go_on(
    organization: Organization, make_app: Callable[..., App], inbox: str
) -> None:
    app = make_app(organization.shop)
    app.serve_gated(app.pushed.by_tag)
    bad = push_bad(app, organization.shop)
    organization.installation.messages(inbox)
    app.spoke.ecs.register_task_definition(
        family="ahead", containerDefinitions=[{"name": "app", "image": bad}]
    )
    app.wait_until_idle()  # it is scanned
    with gated.mode(organization.installation, "audit"):
        assert app.serve_gated(bad)["status"] == "SUCCESSFUL"
    assert subjects(organization, inbox) == [f"Gate: {app.name} would have been blocked"]


def test_an_account_outside_may_not_ask_the_gate(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    """Without the permission of the organization, ECS of the member cannot invoke the function."""
    app, installation = make_app(organization.shop), organization.installation
    function = installation.outputs["deployment_gate"]["function_name"]
    functions = installation.client("lambda")
    functions.remove_permission(FunctionName=function, StatementId="InvokeByOrganization")
    try:
        ended = app.serve_gated(app.pushed.by_tag)
    finally:
        functions.add_permission(
            FunctionName=function,
            StatementId="InvokeByOrganization",
            Action="lambda:InvokeFunction",
            Principal="*",
            PrincipalOrgID=organization.id,
        )
    assert "not authorized" in ended["statusReason"]
    assert gated.started(app.spoke.ecs, CLUSTER, app.name) == set()


def push_bad(app: App, owner: str) -> str:
    """Pushes an image with a finding to the app's repository."""
    installation = app.organization.installation
    ecr = installation.aws.client("ecr", owner)
    pushed = images.push(ecr, app.name, images.build(f"{app.name} bad"), "2")
    installation.qualys.control.set_findings(pushed.config_digest.removeprefix("sha256:"), CRITICAL)
    return pushed.by_tag


def subjects(organization: Organization, inbox: str) -> list[str]:
    sent = organization.installation.messages(inbox)
    return [json.loads(each["Body"])["Subject"] for each in sent]
