"""The doctor in an account of the sandbox, and its remedies carried out as the AWS CLI would."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from rich.console import Console

from ops.doctor.findings import Finding, Verdict
from ops.doctor.here import Here
from ops.doctor.report import examine
from ops.installation import Installation as Names
from sandbox.aws import ACCOUNT, REGION, Aws, Principal
from sandbox.installation import Installation

PREFIX = "qualys-image-scan"


def look(
    aws: Aws, account: str = ACCOUNT, region: str = REGION, principal: Principal | None = None
) -> dict[str, Finding]:
    """Every check's finding, by name."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.environment(account, region, principal).items():
            patch.setenv(name, value)
        names = Names(boto3.session.Session(), account, "aws", region, PREFIX)
        return {check.name: found for check, found in examine(Here(names), Console(quiet=True))}


def failing(findings: dict[str, Finding], verdict: Verdict = Verdict.FAIL) -> dict[str, str]:
    """The reasons of what fails, or has another verdict, by check."""
    return {name: found.reason for name, found in findings.items() if found.verdict is verdict}


def carry_out(command: str, aws: Aws, account: str = ACCOUNT) -> None:
    """An `aws ...` command as it is printed."""
    program, service, operation, *options = shlex.split(command, comments=True)
    assert program == "aws"
    given = dict(zip(options[::2], options[1::2], strict=True))
    client: Any = aws.client(service, account, given.pop("--region"))
    (name,) = [each for each in dir(client) if each == operation.replace("-", "_")]
    api = client.meta.method_to_api_mapping[name]
    members = client.meta.service_model.operation_model(api).input_shape.members
    arguments = {}
    for option, value in given.items():
        wanted = option.replace("-", "")
        (member,) = [each for each in members if each.lower() == wanted]
        is_text = members[member].type_name == "string"
        arguments[member] = value if is_text else json.loads(value)
    getattr(client, name)(**arguments)


@dataclass(frozen=True)
class Break:
    """What somebody does to an installation, and the one check that must see it, with its reason.

    `remedy` is how the printed one begins, `verdict` what the check then says.
    """

    check: str
    by: Callable[[Installation], object]
    reason: str
    remedy: str
    verdict: Verdict = Verdict.FAIL

    @property
    def is_command(self) -> bool:
        """Whether the remedy needs nobody else: no file to write, no mail to confirm, no quota."""
        asks = ("aws secretsmanager put-", "aws sns subscribe", "aws service-quotas ")
        return self.remedy.startswith("aws ") and not self.remedy.startswith(asks)


def assert_seen(
    broken: Break, installation: Installation, account: str = ACCOUNT, region: str = REGION
) -> None:
    """Exactly that line fails; the remedy, where it can be carried out, fixes it."""
    broken.by(installation)
    found = look(installation.aws, account, region)
    seen = failing(found, broken.verdict)
    assert list(seen) == [broken.check], seen
    if broken.verdict is not Verdict.FAIL:
        assert failing(found) == {}
    assert broken.reason in found[broken.check].reason, found[broken.check]
    remedy = found[broken.check].remedy
    assert remedy.startswith(broken.remedy), remedy
    if broken.is_command:
        carry_out(remedy, installation.aws, account)
        fixed = look(installation.aws, account, region)
        assert fixed[broken.check].verdict is Verdict.PASS
        assert failing(fixed) == {}
