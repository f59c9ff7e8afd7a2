"""The root module of a deployment, written as JSON: what is deployed where, and where its state is.

No secret is in it: the credential is an ephemeral variable.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.deploy.project import DEPLOYMENTS, REPOSITORY
from ops.deploy.settings import Settings
from ops.errors import OpsError

Json = dict[str, Any]


@dataclass(frozen=True)
class Root:
    """`module` is a path below the repository, empty for the root module.

    `expressions` are arguments that Terraform computes; `from_file` are names of variables that
    stand in TFVARS. `takes_credential` is for the one module that does.
    """

    name: str
    module: str
    account_id: str
    region: str
    arguments: Json
    expressions: Json = field(default_factory=dict)
    from_file: tuple[str, ...] = ()
    takes_credential: bool = False

    def folder(self, settings: Settings) -> Path:
        return DEPLOYMENTS / settings.name_prefix / self.name

    def write(self, settings: Settings) -> Path:
        """Raises OpsError when this deployment lies elsewhere already."""
        folder = self.folder(settings)
        file = folder / "main.tf.json"
        _refuse_to_move(file, self.account_id, self.region)
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self._document(settings, folder), indent=2) + "\n")
        return folder

    def _document(self, settings: Settings, folder: Path) -> Json:
        passed = {name: f"${{var.{name}}}" for name in self.from_file}
        variables: Json = {name: {"type": "any"} for name in self.from_file}
        if self.takes_credential:
            passed["qualys_credentials"] = "${var.qualys_credentials}"
            variables["qualys_credentials"] = {
                "type": "map(string)",
                "default": None,
                "sensitive": True,
                "ephemeral": True,
            }
        source = os.path.relpath(REPOSITORY / self.module, folder)
        module = {"source": source, **_literal(self.arguments), **self.expressions, **passed}
        return {
            "terraform": {"required_version": ">= 1.11", "backend": _backend(settings, self.name)},
            "provider": {"aws": _provider(self.account_id, self.region)},
            **({"variable": variables} if variables else {}),
            "module": {"this": module},
            "output": {"this": {"value": "${module.this}"}},
        }


def _provider(account_id: str, region: str) -> Json:
    """With credentials of another account Terraform refuses to run."""
    return {"region": region, "allowed_account_ids": [account_id]}


def _backend(settings: Settings, name: str) -> Json:
    if not (bucket := settings.get("STATE_BUCKET")):
        return {"local": {}}
    s3 = {
        "bucket": bucket,
        "key": f"{settings.name_prefix}/{name}.tfstate",
        "encrypt": True,
        "use_lockfile": True,
    }
    region = settings.get("STATE_REGION")
    return {"s3": s3 | ({"region": region} if region else {})}


def _literal(value: Any) -> Any:
    """Text as it is, not as a template."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    return [_literal(item) for item in value] if isinstance(value, list) else value


def _refuse_to_move(file: Path, account_id: str, region: str) -> None:
    if not file.exists():
        return
    provider = json.loads(file.read_text())["provider"]["aws"]
    if provider != _provider(account_id, region):
        there = f"account {provider['allowed_account_ids'][0]}, region {provider['region']}"
        raise OpsError(
            f"{file.parent.name} is deployed in {there}, not in account {account_id}, region "
            f"{region}: use the former, or destroy it first and remove {file.parent}."
        )
