"""Later deployments write the credential only when they are asked to."""

from .conftest import INSTALL, TOKEN, Project


def test_a_second_deploy_is_empty_and_leaves_a_rotated_secret_alone(project: Project) -> None:
    """Rotated twice: then Secrets Manager would forget the version that Terraform wrote."""
    for value in ("rotated", "again"):
        project.rotate(value)
    assert "Nothing to change." in project.make("deploy", *INSTALL, "AUTO_APPROVE=1")
    assert project.secret() == {"token": "again"}


def test_a_higher_version_writes_the_credential(project: Project) -> None:
    project.rotate("rotated")
    given = (*INSTALL, "AUTO_APPROVE=1", "VAR_qualys_credentials_version=2")
    project.make("deploy", *given)
    assert project.secret() == {"token": TOKEN}
    assert "Nothing to change." in project.make("deploy", *given)
