"""Writes the root module of a deployment as JSON. It contains no secret."""

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ops.deploy import project
from ops.deploy.deployment import INSTALLATION
from ops.deploy.remembered import NOT_REMEMBERED, record
from ops.deploy.state import RECORD
from ops.deploy.target import Target
from ops.deploy.trail import with_trail
from ops.errors import OpsError

Json = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """Values of a module's variables that the operator gave by VAR_... or TFVARS, now or before."""

    given: Json
    remembered_file: Json
    file: Path | None
    from_file: tuple[str, ...]

    @classmethod
    def of(cls, target: Target, known: list[str]) -> "Inputs":
        """Reads the inputs. Raises OpsError for a name that is no variable of the module."""
        file, names = target.settings.variables_file(known) or (None, [])
        stored = target.remembered.file_under(target.given)
        remembered = [*stored, *(name for name in target.remembered.settings if "VAR_" in name)]
        for name in (name.removeprefix("VAR_") for name in remembered):
            if name not in known and f"VAR_{name}" not in target.given.environment:
                raise OpsError(
                    f"The last deployment was given {name}, which is no variable any more: give "
                    f"VAR_{name}= to leave it out."
                )
        return cls(target.settings.variables(known), stored, file, tuple(sorted(names)))

    @property
    def names(self) -> set[str]:
        return {*self.given, *self.remembered_file, *self.from_file}

    def with_ca_bundle(self, pem: str) -> "Inputs":
        """Adds the certificates to `network`. Raises OpsError if it already has some."""
        network = {**self.remembered_file, **self.given}.get("network") or {}
        if not pem or not isinstance(network, dict):
            return self
        if "network" in self.from_file or network.get("ca_bundle"):
            raise OpsError(
                "CA_BUNDLE= is added to the network of VAR_network=, which must have no ca_bundle "
                "then. With a network in TFVARS, name ca_bundle there and give CA_BUNDLE= empty."
            )
        network = {**network, "ca_bundle": {"pem": pem}}
        return replace(self, given={**self.given, "network": network})

    def over(self, arguments: Json) -> Json:
        """Replaces arguments by given values, and leaves out what TFVARS sets."""
        merged = {**arguments, **self.remembered_file, **self.given}
        return {name: value for name, value in merged.items() if name not in self.from_file}


@dataclass(frozen=True)
class Root:
    """`module` is a path below the repository, empty for the root module.

    `expressions` are arguments that Terraform computes. `takes_credential`: the module needs the
    credential. `takes_trail`: a trail may be created beside the module. `stored` are settings to
    remember beside the given ones.
    """

    target: Target
    module: str
    arguments: Json
    inputs: Inputs
    expressions: Json = field(default_factory=dict)
    takes_credential: bool = False
    takes_trail: bool = False
    stored: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return project.DEPLOYMENTS / self.target.deployment.path

    @property
    def record(self) -> Json:
        """The record of settings that is stored in the state."""
        of = self.target.deployment
        settings = record(self.target.settings, of.kind) | self.stored
        # Values of the file win over VAR_..., now and when they are remembered.
        settings = {
            name: value
            for name, value in settings.items()
            if name.removeprefix("VAR_") not in self.inputs.from_file
        }
        return {
            "account_id": of.account_id,
            "region": of.region,
            "name_prefix": of.name_prefix,
            "settings": settings,
            "file": self.inputs.remembered_file,
        }

    def write(self) -> Path:
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        document = self._document()
        if self.takes_trail:
            document = with_trail(document, folder)
        (folder / "main.tf.json").write_text(json.dumps(document, indent=2) + "\n")
        return folder

    def _document(self) -> Json:
        of = self.target.deployment
        from_file = {name: f"${{var.{name}}}" for name in self.inputs.from_file}
        passed = dict(from_file)
        variables: Json = {name: {"type": "any"} for name in from_file}
        if self.takes_credential:
            passed["qualys_credentials"] = "${var.qualys_credentials}"
            variables["qualys_credentials"] = {
                "type": "map(string)",
                "default": None,
                "sensitive": True,
                "ephemeral": True,
            }
        source = os.path.relpath(project.REPOSITORY / self.module, self.folder)
        arguments = self.inputs.over(self.arguments)
        module = {"source": source, **_literal(arguments), **self.expressions, **passed}
        said = _literal(self.record)
        stored = {name: value for name, value in from_file.items() if name not in NOT_REMEMBERED}
        said["file"] = {**said["file"], **stored}
        outputs = {RECORD: said} | (
            {"hub": "${module.this.hub}"} if of.kind == INSTALLATION else {}
        )
        return {
            "terraform": {
                "required_version": ">= 1.11",
                "backend": self.target.states.backend(of.path),
            },
            # With credentials of another account Terraform refuses to run.
            "provider": {"aws": {"region": of.region, "allowed_account_ids": [of.account_id]}},
            **({"variable": variables} if variables else {}),
            "module": {"this": module},
            # Sensitive, so that Terraform does not print them at the end of each apply.
            "output": {name: {"value": v, "sensitive": True} for name, v in outputs.items()},
        }


def _literal(value: Any) -> Any:
    """Escapes text, so that Terraform does not read it as a template."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    return [_literal(item) for item in value] if isinstance(value, list) else value
