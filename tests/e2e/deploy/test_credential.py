"""Later deployments write the credential only when they are asked to."""

from .conftest import DEPLOY, TOKEN, Project


def test_a_rotated_secret_is_left_alone_until_a_higher_version_writes_it(project: Project) -> None:
    """Rotated twice: then Secrets Manager would forget the version that Terraform wrote."""
    for value in ("rotated", "again"):
        project.rotate(value)
    given = (*DEPLOY, "AUTO_APPROVE=1")
    assert "Nothing to change." in project.make("deploy", *given)
    assert project.secret() == {"token": "again"}
    project.make("deploy", *given, "VAR_qualys_credentials_version=2")
    assert project.secret() == {"token": TOKEN}
