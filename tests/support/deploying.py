"""The deploy commands in this process: AWS by moto, and a Terraform that writes states alone."""

from __future__ import annotations

import builtins
import json
import os
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from ops.__main__ import main
from ops.deploy import organization, project, rollout
from ops.deploy.terraform import Changes
from ops.deploy.terraform_command import Command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

ACCOUNT = "123456789012"
BUCKET = "states"
GOOD = {
    "QUALYS_POD": "US2",
    "EXISTING_ROLE_NAME": "qualys-role",
    "QUALYS_API_TOKEN": "canary-token",
    "AUTO_APPROVE": "1",
}
STACKSET = {
    "OrganizationId": "o-a1b2c3d4e5",
    "OrgUnitIds": "ou-ab12-cdef3456",
    "SecurityAccountId": "111122223333",
    "CentralEventBusArn": "arn:aws:events:us-east-1:111122223333:event-bus/qualys-image-scan-hub",
    "EXISTING_ROLE_NAME": "qualys",
    "AUTO_APPROVE": "1",
}
_NAMES_CLEARED = ("AWS_", "QUALYS_", "VAR_", "TF_", "STATE_")
_OTHERS_CLEARED = ("NAME_PREFIX", "REGION", "TFVARS", "AUTO_APPROVE", "CA_BUNDLE")


def state_of(
    account_id: str, region: str, outputs: Mapping[str, Any] | None = None, **attributes: Any
) -> bytes:
    """A state with one resource, and outputs of these values."""
    arn = f"arn:aws:sqs:{region}:{account_id}:failed-events"
    role = f"arn:aws:iam::{account_id}:role/parse-event"
    made = [{"mode": "managed", "instances": [{"attributes": {"arn": role}}]}]
    if region:
        made += [{"mode": "managed", "instances": [{"attributes": {"arn": arn, **attributes}}]}]
    values = {name: {"value": value} for name, value in (outputs or {}).items()}
    return json.dumps({"version": 4, "outputs": values, "resources": made}).encode()


class FakeTerraform:
    """Plans that everything is new or unchanged, and keeps the outputs that the root states."""

    given: dict[str, Any] = {}  # what the module was last given  # noqa: RUF012
    credential: Any = None  # what came beside it, in the environment

    def __init__(
        self, _command: Command, folder: Path, secrets: Mapping[str, str], file: Path | None
    ) -> None:
        assert all(name.startswith("TF_VAR_") for name in secrets)
        FakeTerraform.credential = json.loads(secrets.get("TF_VAR_qualys_credentials", "null"))
        self.folder = folder
        self._file = json.loads(file.read_text()) if file else {}
        self._destroys = False

    def init(self) -> None:
        pass

    def plan(self, *, destroy: bool) -> Changes:
        self._destroys = destroy
        FakeTerraform.given = self._resolved(self._root()["module"]["this"])
        found = self._read()
        if destroy:
            return Changes(bool(found), "0 to add, 0 to change, 7 to destroy")
        if not found:
            return Changes(True, "7 to add, 0 to change, 0 to destroy")
        return Changes(json.loads(found)["outputs"] != self._outputs(), "")

    def apply(self, _name: str = "") -> None:
        if self._destroys:
            self._write(json.dumps({"version": 4, "outputs": {}, "resources": []}).encode())
            return
        provider = self._root()["provider"]["aws"]
        state = json.loads(state_of(provider["allowed_account_ids"][0], provider["region"]))
        self._write(json.dumps(state | {"outputs": self._outputs()}).encode())

    def forget_plan(self) -> None:
        pass

    def _outputs(self) -> dict[str, Any]:
        root = self._root()
        values = {name: {"value": self._resolved(o["value"])} for name, o in root["output"].items()}
        if "hub" in values:
            of = values["deployment"]["value"]
            bus = f"arn:aws:events:{of['region']}:{of['account_id']}:event-bus"
            values["hub"]["value"] = {
                "account_id": of["account_id"],
                "region": of["region"],
                "event_bus_arn": f"{bus}/{of['name_prefix']}-hub",
            }
        return values

    def _resolved(self, value: Any) -> Any:
        """As Terraform evaluates it."""
        if isinstance(value, str):
            if found := re.fullmatch(r"\$\{var\.(\w+)\}", value):
                return self._file.get(found[1])
            return value.replace("$${", "${").replace("%%{", "%{")
        if isinstance(value, dict):
            return {key: self._resolved(item) for key, item in value.items()}
        return [self._resolved(item) for item in value] if isinstance(value, list) else value

    def _root(self) -> Any:
        return json.loads((self.folder / "main.tf.json").read_text())

    def _read(self) -> bytes:
        backend = self._root()["terraform"]["backend"]
        if "local" in backend:
            file = self.folder / "terraform.tfstate"
            return file.read_bytes() if file.exists() else b""
        s3 = boto3.client("s3", region_name="us-east-1")
        listed = s3.list_objects_v2(Bucket=backend["s3"]["bucket"], Prefix=backend["s3"]["key"])
        if not listed["KeyCount"]:
            return b""
        key = {"Bucket": backend["s3"]["bucket"], "Key": backend["s3"]["key"]}
        return bytes(s3.get_object(**key)["Body"].read())

    def _write(self, body: bytes) -> None:
        backend = self._root()["terraform"]["backend"]
        if "local" in backend:
            (self.folder / "terraform.tfstate").write_bytes(body)
        else:
            s3 = boto3.client("s3", region_name="us-east-1")
            s3.put_object(Bucket=backend["s3"]["bucket"], Key=backend["s3"]["key"], Body=body)


@dataclass
class Clone:
    """A clone of the repository on some machine, and commands run in it."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    code: int = 0
    err: str = ""
    environment: dict[str, str] = field(default_factory=lambda: {"AWS_REGION": "us-east-1"})
    # Of CloudFormation to the organization, which moto does not know; an error is raised.
    access: str | Exception = "ENABLED"

    def run(self, command: str, *action: str, **given: str) -> str:
        """What is printed; `code` and `err` say how it ended."""
        with self.patch.context() as patch:
            for name in list(os.environ):
                if name.startswith(_NAMES_CLEARED) or name in _OTHERS_CLEARED:
                    patch.delenv(name)
            patch.setenv("AWS_ACCESS_KEY_ID", "testing")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
            for name, value in {**self.environment, **given}.items():
                patch.setenv(name, value)
            patch.setattr(project, "DEPLOYMENTS", self.folder / "deployments")
            patch.setattr(rollout, "Terraform", FakeTerraform)
            patch.setattr(organization, "access", self._access)
            patch.setattr(
                rollout, "require_command", lambda: Command("terraform", "Terraform", "1.11.4")
            )
            self.code = main([command, *action])
        printed = self.capture.readouterr()
        self.err = printed.err
        return printed.out

    def _access(self, _client: object, _call_as: str) -> str:
        if isinstance(self.access, Exception):
            raise self.access
        return self.access

    def must(self, command: str, *action: str, **given: str) -> str:
        said = self.run(command, *action, **given)
        assert self.code == 0, self.err
        return said

    def refuses(self, command: str, *action: str, **given: str) -> str:
        """The sentence on standard error."""
        self.run(command, *action, **given)
        assert self.code == 2
        return self.err


def put(path: str, body: bytes) -> None:
    boto3.client("s3", region_name="us-east-1").put_object(Bucket=BUCKET, Key=path, Body=body)


def keys() -> list[str]:
    found = boto3.client("s3", region_name="us-east-1").list_objects_v2(Bucket=BUCKET)
    return sorted(each["Key"] for each in found.get("Contents", ()))


def read(key: str) -> Any:
    s3 = boto3.client("s3", region_name="us-east-1")
    return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    """What is asked, and answered with the text."""
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return text

    monkeypatch.setattr(builtins, "input", reply)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    return asked
