"""Right after apply there is nothing left to do."""

from sandbox.install import Install
from sandbox.terraform import changes

from .conftest import Json

# What the embedded AWS tells otherwise than AWS: address -> why.
EMULATOR_QUIRKS: dict[str, str] = {}


def test_a_plan_after_apply_changes_nothing(plan_after_apply: Json) -> None:
    assert plan_after_apply["resource_changes"]
    assert changes(plan_after_apply).keys() <= EMULATOR_QUIRKS.keys()


def test_the_example_is_valid_on_its_own(install: Install) -> None:
    install.terraform.validate()
