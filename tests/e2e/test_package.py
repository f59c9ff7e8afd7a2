"""The functions' zip is there whenever an apply needs it, on a machine that has never built it.

A small root with the real modules/package and its record; each machine is a fresh copy of
the project, and all that they share is the state.
"""

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import Aws
from sandbox.terraform_project import Terraform, TerraformError, changes, copy_project

ROOT = """
variable "functions" {
  type    = set(string)
  default = ["first", "second"]
}

module "package" {
  source = "%s/package"

  name_prefix = "test"
  functions   = var.functions
}

module "package_record" {
  source = "%s/package-record"

  name_prefix = module.package.name_prefix
  record      = module.package.record
  deployed    = { for key, function in aws_lambda_function.this : key => function.function_name }
}

resource "aws_sqs_queue" "this" {
  name = module.package.name_prefix
}

resource "aws_iam_role" "this" {
  name = module.package.name_prefix
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" }
  }] })
}

resource "aws_lambda_function" "this" {
  for_each = var.functions

  function_name    = "${module.package.name_prefix}-${each.key}"
  role             = aws_iam_role.this.arn
  handler          = "image_scan.handlers.parse_event.handler"
  runtime          = module.package.code.runtime
  architectures    = [module.package.code.architecture]
  filename         = module.package.code.filename
  source_code_hash = module.package.code.hash
}
"""
# Terraform stops after the zip and one of the functions.
HALF_WAY = {
    "TF_CLI_ARGS_apply": "-target=module.package.terraform_data.zip "
    '-target=aws_lambda_function.this[\\"first\\"]'
}


class Machines:
    """One account, its state, and machines that hold nothing else."""

    def __init__(self, aws: Aws, account: str, folder: Path, lifetime: ExitStack) -> None:
        self.aws = aws
        self.account = account
        self._lifetime = lifetime
        self._folder = folder
        self._numbers = itertools.count()
        self._stored: Path | None = None

    def machine(self, root: str = "roots/one", change: str = "", **environment: str) -> Terraform:
        """Terraform on a new machine, with the state of the last apply.

        `change` is added to a source of the functions."""
        project = copy_project(self._folder / f"machine-{next(self._numbers)}")
        with (project / "functions/image_scan/log.py").open("a") as source:
            source.write(change)
        folder = project / root
        folder.mkdir(parents=True)
        modules = os.path.relpath(project / "modules", folder)
        (folder / "main.tf").write_text(ROOT % (modules, modules))
        own = self.aws.environment(self.account) | environment
        terraform = Terraform(folder, own, lifetime=self._lifetime)
        if self._stored:
            terraform.resume(self._stored)
        return terraform

    def apply(
        self, change: str = "", functions: Sequence[str] = (), **environment: str
    ) -> Terraform:
        """Applies on a new machine, and keeps the state."""
        terraform = self.machine(change=change, **environment)
        if functions:
            terraform.set_variables({"functions": functions})
        terraform.apply()
        self._stored = self._folder / f"state-{next(self._numbers)}"
        terraform.keep(self._stored)
        return terraform

    def client(self, service: str) -> Any:
        return self.aws.client(service, self.account)

    def code(self) -> dict[str, str]:
        """The hash of the code of each function, by name."""
        found = self.client("lambda").list_functions()["Functions"]
        return {each["FunctionName"]: each["CodeSha256"] for each in found}


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with Aws(wait_scale=0) as running:
        yield running


@pytest.fixture(scope="module")
def lifetime(aws: Aws) -> Iterator[ExitStack]:
    """Ends the machines' providers."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def named_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that leaves a trace."""
    path = tmp_path_factory.mktemp("bin") / "a python"
    path.write_text(f'#!/bin/sh\ntouch "{path}.ran"\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def machines(
    aws: Aws, lifetime: ExitStack, named_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Machines:
    """An installation whose first apply got half-way; the second was on another machine."""
    made = Machines(aws, "333333333301", tmp_path_factory.mktemp("machines"), lifetime)
    made.apply(**HALF_WAY, PYTHON=str(named_python))
    assert set(made.code()) == {"test-first"}
    made.apply()
    assert set(made.code()) == {"test-first", "test-second"}
    return made


def test_the_python_that_is_named_builds_it(machines: Machines, named_python: Path) -> None:
    assert named_python.with_name(f"{named_python.name}.ran").exists()


def test_another_machine_with_another_address_plans_nothing(
    machines: Machines, tmp_path: Path
) -> None:
    """Also where the data of Terraform lies elsewhere each time."""
    there = machines.machine("another/address/of/it", TF_DATA_DIR=str(tmp_path / "build-18"))
    assert changes(there.plan()) == {}
    assert not (there.folder / ".image-scan").exists()


def test_a_function_has_gone_and_another_is_new(machines: Machines) -> None:
    machines.client("lambda").delete_function(FunctionName="test-first")
    applied = machines.apply(functions=["first", "second", "third"])
    assert set(machines.code()) == {"test-first", "test-second", "test-third"}
    assert changes(applied.plan()) == {}
    # Nothing is written beside the module: other roots may use the same checkout.
    left = {path.name for path in (applied.folder.parents[1] / "functions").iterdir()}
    assert left == {"VERSION", "image_scan", "clean_pip.py", "package.py", "requirements.txt"}


def test_an_upgrade_got_half_way(machines: Machines) -> None:
    before = machines.code()
    machines.apply("# changed\n", **HALF_WAY)
    assert machines.code()["test-second"] == before["test-second"]
    applied = machines.apply("# changed\n")
    after = machines.code()
    assert after["test-second"] == after["test-first"] != before["test-first"]
    assert changes(applied.plan()) == {}


def test_nothing_is_made_where_the_zip_cannot_be_built(
    aws: Aws, lifetime: ExitStack, tmp_path: Path
) -> None:
    machines = Machines(aws, "333333333302", tmp_path, lifetime)
    with pytest.raises(TerraformError, match=r"run 'make package' .* set lambda_package to"):
        machines.apply(PYTHON="/nowhere/python3")
    assert machines.code() == {}
    assert machines.client("iam").list_roles()["Roles"] == []
    assert machines.client("sqs").list_queues().get("QueueUrls", []) == []
