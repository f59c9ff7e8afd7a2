"""Each permission of a spoke's roles is needed by something seen here."""

import json
from collections.abc import Callable

from sandbox.organization import PREFIX, Organization
from tests.e2e.permissions import declared, used

from .conftest import App


def test_a_spokes_roles_may_do_what_they_do_and_nothing_else(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    app = make_app(organization.shop)
    finding = {"qid": 1, "severity": 5, "title": "a critical finding"}
    organization.installation.qualys.control.set_findings(app.name, [finding])
    app.serve()  # and its owner is notified
    app.wait_until_idle()
    app.spoke.ecs.register_task_definition(
        family=f"{app.name}-pinned",
        containerDefinitions=[{"name": "app", "image": app.pushed.by_digest}],
    )
    app.wait_until_idle()
    gated = make_app(organization.shop)
    gated.serve_gated(gated.pushed.by_tag)
    installation = organization.installation
    machine = {"intake_state_machine_arn": installation.outputs["intake_state_machine_arn"]}
    answer = installation.client("lambda").invoke(
        FunctionName=installation.outputs["function_names"]["reconcile"],
        Payload=json.dumps(machine),
    )
    sent = json.loads(answer["Payload"].read())
    assert not [where for where in sent["unreadable"] if organization.shop in where], sent
    installation.wait_until_idle()
    aws = installation.aws
    needed = {(role, action) for role, action, _arn in used(aws)}
    permitted = declared(aws, PREFIX, organization.shop)
    assert {role for role, _action in permitted} >= {f"{PREFIX}-describe"}
    assert permitted - needed == set()
