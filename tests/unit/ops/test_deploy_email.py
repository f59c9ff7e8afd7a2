"""EMAIL of make deploy."""

from ops.deploy.email import with_email
from ops.deploy.settings import Settings


def test_addresses_become_the_input_of_the_module() -> None:
    given = with_email(Settings({"EMAIL": "a@example.com, b@example.com"}))
    found = given.variables(["notification_email_addresses"])
    assert found == {"notification_email_addresses": ["a@example.com", "b@example.com"]}


def test_without_it_nothing_changes() -> None:
    given = Settings({"QUALYS_POD": "US2"})
    assert with_email(given) is given
