"""What the README types, and the deploy targets that plan, ask, or find nothing."""

import os
import pty
import subprocess

from tests.support.documents import block

from .conftest import CLIENT, Deployed, Project

STACKSET = (
    "OrganizationId=o-a1b2c3d4e5",
    "OrgUnitIds=ou-ab12-cdef3456",
    "SecurityAccountId=222233334444",
    "CentralEventBusArn=arn:aws:events:us-east-1:222233334444:event-bus/qualys-image-scan-hub",
    "EXISTING_ROLE_NAME=qualys-role",
)


def make(project: Project, target: str, *settings: str, answer: str) -> tuple[int, str]:
    """Status and outputs of a target whose question is answered on a terminal."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            ["make", "-s", target, *settings],
            cwd=project.folder,
            env=project.environment,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout


def test_the_commands_of_the_readme(project: Project) -> None:
    """They subscribe an address to what is deployed already, and look at all of it."""
    export, deploy, doctor = block("README.md#deploy-it").splitlines()
    settings = "AWS_REGION=us-east-1 QUALYS_CLIENT_ID=... QUALYS_CLIENT_SECRET=..."
    assert export == f"export {settings}"
    entered = settings.replace("...", CLIENT[0], 1).replace("...", CLIENT[1])
    given = {**project.environment, "AUTO_APPROVE": "1"}
    del given["QUALYS_API_TOKEN"]

    def typed(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"export {entered}\n{command}"],
            cwd=project.folder,
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )

    applied = typed(deploy)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert "\nApplied.\n" in applied.stdout
    waiting = typed(doctor)
    assert waiting.returncode == 2
    (failure,) = [line for line in waiting.stdout.splitlines() if line.startswith("fail")]
    assert failure.split()[1] == "topics-subscribed"
    assert failure.endswith("  ->  follow the link that AWS has mailed to the address")
    (link,) = project.aws.ask("/_sandbox/mail")["sent"]
    assert link["to"] == "security@example.com"
    sns = project.aws.client("sns")
    (topic,) = [
        each["TopicArn"]
        for each in sns.list_topics()["Topics"]
        if each["TopicArn"].endswith("-notifications-people")
    ]
    sns.confirm_subscription(Token=link["token"], TopicArn=topic)
    assert "topics-subscribed    1 confirmed: people 1" in project.make("doctor")


def test_the_change_to_a_hub_is_planned(deployed: Deployed) -> None:
    project = deployed.project
    given = ("QUALYS_POD=US2", "OrganizationId=o-a1b2c3d4e5", "EXISTING_ROLE_NAME=qualys-role")
    said = project.make("plan-hub", *given)
    assert "aws_cloudwatch_event_bus.this" in said
    bus = project.aws.client("events").describe_event_bus(Name="qualys-image-scan-hub")
    assert "o-a1b2c3d4e5" not in bus["Policy"]


def test_stacksets_are_asked_for_and_nothing_is_left(empty: Project) -> None:
    """The embedded AWS has no StackSets, so that the answer here is no."""
    refused = empty.make("plan-spoke-stackset", *STACKSET, code=2)
    assert "aws cloudformation activate-organizations-access" in refused
    assert "Plan:" not in refused
    empty.aws.client("cloudformation").activate_organizations_access()
    status, said = make(empty, "deploy-spoke-stackset", *STACKSET, answer="no")
    assert status == 2
    assert "Plan: 4 to add" in said
    assert (
        "Apply?\n  org-spoke qualys-image-scan of account 111111111111, region us-east-1: 4 to"
        in said
    )
    assert "Nothing was changed." in said
    said = empty.make("destroy-spoke-stackset", *STACKSET, "AUTO_APPROVE=1")
    assert "There was nothing to destroy." in said
    assert "org-spoke" not in {path.name for path in empty.left()}
    empty.aws.client("cloudformation").deactivate_organizations_access()


def test_there_is_nothing_to_destroy_of_another_name(empty: Project) -> None:
    given = ("NAME_PREFIX=another", "QUALYS_POD=US2", "CREATE_ROLE=true", "AUTO_APPROVE=1")
    # Of the environment, EMAIL is another program's.
    assert "There was nothing to destroy." in empty.make("destroy", *given, EMAIL="nobody")
    assert "EMAIL=nobody is not valid." in empty.make("destroy", *given, "EMAIL=nobody", code=2)
