"""The targets of whoever changes this project: help, package, format and clean."""

import base64
import hashlib
from pathlib import Path

import pytest

from sandbox.aws import REPOSITORY
from sandbox.installation import Installation
from tests.support.checkout import Checkout, check_out
from tests.support.makefile import targets


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return check_out(tmp_path_factory.mktemp("development") / "project")


def files(folder: Path) -> dict[str, str]:
    """Digests by path: pytest would need all memory to show how contents differ."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def test_help_is_what_make_says_by_default(checkout: Checkout) -> None:
    printed = checkout.make("help")
    listed = [line.split(None, 2) for line in printed.splitlines() if line.startswith("  make ")]
    expected = [["make", name, target.help] for name, target in targets().items() if target.help]
    assert listed == expected
    assert checkout.make("") == printed


def test_the_package_is_what_terraform_deploys(
    checkout: Checkout, installation: Installation
) -> None:
    checkout.make("package")
    made = (checkout.folder / "functions/dist/image_scan.zip").read_bytes()
    deployed = installation.client("lambda").get_function_configuration(
        FunctionName=installation.outputs["function_names"]["check_cache"]
    )
    assert deployed["CodeSha256"] == base64.b64encode(hashlib.sha256(made).digest()).decode()


def test_format_puts_files_right_and_clean_removes_what_was_made(checkout: Checkout) -> None:
    checkout.make("clean")
    before = files(checkout.folder)
    for environment in (".venv", ".sandbox", ".checkov"):
        assert not (checkout.folder / environment).exists()
        assert (REPOSITORY / environment).exists(), "a link is removed, and not what it leads to"
    again = check_out(checkout.folder.with_name("again"))
    assert files(again.folder) == before
    for name in ("functions/image_scan/log.py", "modules/cache/main.tf"):
        path = again.folder / name
        path.write_text(path.read_text().replace(" = ", "  =  "))
    assert files(again.folder) != before
    again.make("format")
    again.make("clean")
    assert files(again.folder) == before
