"""docs/permissions.md lists what a deployment needs: a user with no more can do it."""

from sandbox.aws import ACCOUNT
from tests.support import people_policies

from .conftest import DEPLOY, HOME, Project

EXCEPTION = (
    'VAR_exceptions=[{"cve": "%s", "repository": "shop/app", "until": "2099-01-01", '
    '"reason": "not reachable", "owner": "security"}]'
)
FIRST = ('VAR_tags={"team": "platform", "since": "2026"}', EXCEPTION % "CVE-2022-42916")
# What is changed later: subscriptions, tags, functions, machines, exceptions and the schedule.
CHANGES = (
    "EMAIL=security@example.com",
    'VAR_tags={"team": "security"}',
    'VAR_scan_polling={"interval_seconds": 30}',
    'VAR_log={"level": "DEBUG"}',
    "VAR_reconcile_schedule=cron(0 4 * * ? *)",
    EXCEPTION % "CVE-2021-44228",
)
# A subscription that nobody has confirmed cannot be removed.
NOT_HERE = {"sns:Unsubscribe"}


def test_what_is_listed_is_enough_and_is_used(project: Project) -> None:
    actions = people_policies.seen_at_a_deployment()
    assert len(actions) > 100
    assert not any("*" in each for each in actions)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    deployer = project.aws.create_user("deployer", policy)
    # The provider that the tests share has the credentials of whoever began it.
    project.environment |= project.aws.environment(ACCOUNT, HOME, deployer)
    project.environment |= {"TF_REATTACH_PROVIDERS": ""}
    assert "Destroyed." in project.make("destroy", "AUTO_APPROVE=1")
    for changes in (FIRST, CHANGES):
        assert "Applied." in project.make("deploy", *DEPLOY, "AUTO_APPROVE=1", *changes)
    noted = project.aws.ask("/_sandbox/permissions")["by_users"]
    seen = {(action, arn) for name, action, arn in noted if name == "deployer"}
    used = {action for action, _ in seen}
    assert {*actions} - used == NOT_HERE
    document = people_policies.documents()["deploy.json"]
    assert people_policies.not_allowed(document, seen) == set()
