"""docs/permissions.md lists what a deployment needs: a user with no more can do it."""

from sandbox.aws import ACCOUNT, REPOSITORY

from .conftest import DEPLOY, HOME, Project


def test_what_the_page_lists_is_enough(project: Project) -> None:
    page = (REPOSITORY / "docs/permissions.md").read_text().split("## Whoever deploys")[1]
    actions = page.split("```")[1].removeprefix("text").split()
    assert len(actions) > 100
    assert not any("*" in each for each in actions)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    deployer = project.aws.create_user("deployer", policy)
    # The provider that the tests share has the credentials of whoever began it.
    project.environment |= project.aws.environment(ACCOUNT, HOME, deployer)
    project.environment |= {"TF_REATTACH_PROVIDERS": ""}
    assert "Destroyed." in project.make("destroy", "AUTO_APPROVE=1")
    assert "Applied." in project.make("deploy", *DEPLOY, "AUTO_APPROVE=1")
