"""Format, validity and Terraform's own tests, on a copy so that the working tree stays clean."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws import REPOSITORY
from sandbox.terraform import cli_environment, find_terraform, shared_provider
from sandbox.terraform_project import copy_project

EXAMPLES = sorted(path.parent for path in REPOSITORY.glob("examples/**/main.tf"))
TESTS = sorted(REPOSITORY.glob("tests/*.tftest.hcl"))
MODULES = sorted(path.parent for path in REPOSITORY.glob("modules/**/main.tf"))


class Project:
    """The repository's Terraform and its tests in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = copy_project(folder)
        (folder / "tests").mkdir()
        for file in TESTS:
            shutil.copy2(file, folder / "tests")
        # Nothing of the caller's: no credentials, and so no call to an AWS.
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            **cli_environment(folder),
        }

    def make_inputs(self) -> Path:
        """Makes a root that has the inputs of the project and the platforms that they name."""
        folder = self.folder / "inputs"
        (folder / "tests").mkdir(parents=True)
        for name in ("variables*.tf", "attributes.tf", "qualys_platforms.json"):
            for path in self.folder.glob(name):
                shutil.copy2(path, folder)
        shutil.copy2(self.folder / "tests/inputs.tftest.hcl", folder / "tests")
        known = re.search(
            r"^  qualys_platforms = .*$", (self.folder / "locals.tf").read_text(), re.M
        )
        assert known
        (folder / "locals.tf").write_text(f"locals {{\n{known[0]}\n}}\n")
        self.run("init", "-backend=false", "-no-color", folder=folder)
        return folder

    def run(self, *arguments: str, folder: Path | None = None) -> str:
        answer = self._run(*arguments, folder=folder)
        assert answer.returncode == 0, answer.stdout[-8000:]
        return answer.stdout

    def test(self, *files: Path, folder: Path | None = None) -> dict[str, str]:
        """Returns what `terraform test` prints of each file. One process reads the descriptions of
        the provider once, which takes as long as a dozen plans."""
        filters = [f"-filter=tests/{file.name}" for file in files]
        printed = self._run("test", "-no-color", *filters, folder=folder).stdout
        parts = re.split(r"^tests/(\S+)\.\.\. in progress$", printed, flags=re.MULTILINE)
        said = dict(zip(parts[1::2], parts[2::2], strict=True))
        return {file.name: said.get(file.name, printed) for file in files}

    def _run(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [find_terraform(), *arguments],
            cwd=self.folder / (folder or ""),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("project"))
    made.run("init", "-backend=false", "-no-color")
    with shared_provider(made.folder, made.environment) as stored:
        made.environment |= stored
        yield made


def test_everything_is_formatted() -> None:
    folders = (["."], ["-recursive", "modules"], ["-recursive", "examples"], ["tests"])
    for folder in folders:
        command = [find_terraform(), "fmt", "-check", "-diff", *folder]
        answer = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TF_CLI_CONFIG_FILE": "/dev/null"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_it_is_valid_on_its_own(project: Project, folder: Path) -> None:
    relative = folder.relative_to(REPOSITORY)
    project.run("init", "-backend=false", "-no-color", folder=relative)
    assert "Success!" in project.run("validate", "-no-color", folder=relative)


def test_every_module_has_tests() -> None:
    subjects = {path.name.replace("-", "_") for path in MODULES} | {"root", "inputs", "examples"}
    # The workflow has two files: one subject each.
    subjects.add("workflow_policies")
    assert {path.name.removesuffix(".tftest.hcl") for path in TESTS} == subjects


@pytest.fixture(scope="module")
def tested(project: Project) -> dict[str, str]:
    own = [file for file in TESTS if file.name == "inputs.tftest.hcl"]
    others = [file for file in TESTS if file not in own]
    return project.test(*others) | project.test(*own, folder=project.make_inputs())


@pytest.mark.parametrize("file", TESTS, ids=lambda path: path.name.removesuffix(".tftest.hcl"))
def test_terraform_test(tested: dict[str, str], file: Path) -> None:
    """`terraform test` is content with no test at all; this is not."""
    printed = tested[file.name]
    runs = re.findall(r'^run "(\w+)"', file.read_text(), re.MULTILINE)
    assert re.findall(r'^  run "(\w+)"\.\.\. pass$', printed, re.MULTILINE) == runs != [], printed
    assert f"tests/{file.name}... pass\n" in printed
