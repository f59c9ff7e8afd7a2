"""What was given on make's command line or in the environment: make passes both on alike."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import OpsError

PREFIX = "qualys-image-scan"
_CREDENTIALS = {
    "token": {"QUALYS_API_TOKEN": "token"},
    "user": {"QUALYS_USERNAME": "username", "QUALYS_PASSWORD": "password"},
    "client": {"QUALYS_CLIENT_ID": "client_id", "QUALYS_CLIENT_SECRET": "client_secret"},
}
_HOW = (
    "Put a Qualys credential into the environment: QUALYS_API_TOKEN, or QUALYS_USERNAME and "
    "QUALYS_PASSWORD, or QUALYS_CLIENT_ID and QUALYS_CLIENT_SECRET, or QUALYS_SECRET_ARN."
)


@dataclass(frozen=True)
class Settings:
    """Reads by name; an empty value is none."""

    environment: Mapping[str, str]

    @classmethod
    def given(cls) -> "Settings":
        return cls(os.environ)

    def get(self, name: str) -> str:
        return self.environment.get(name, "").strip()

    def need(self, name: str, example: str) -> str:
        """Raises OpsError without it."""
        if not (value := self.get(name)):
            raise OpsError(f"{name} is missing: give {name}={example}.")
        return value

    def matching(self, name: str, pattern: str, example: str) -> str:
        """Raises OpsError when it is missing or looks different."""
        value = self.need(name, example)
        if not re.fullmatch(pattern, value):
            raise OpsError(f"{name}={value} cannot be right: it looks like {example}.")
        return value

    def words(self, name: str) -> list[str]:
        """A comma-separated list."""
        return [word for word in re.split(r"[,\s]+", self.get(name)) if word]

    def is_set(self, name: str) -> bool:
        """Raises OpsError for what is neither yes nor no."""
        value = self.get(name).lower()
        if value not in ("", "0", "1", "no", "yes", "false", "true"):
            raise OpsError(f"{name}={value} cannot be right: give {name}=true or leave it out.")
        return value in ("1", "yes", "true")

    @property
    def name_prefix(self) -> str:
        return self.get("NAME_PREFIX") or PREFIX

    def credential(self) -> dict[str, str]:
        """The credential as the functions' secret holds it; empty where QUALYS_SECRET_ARN is given.

        Raises OpsError unless exactly one kind is given, and whole.
        """
        kinds = [names for names in _CREDENTIALS.values() if any(self.get(name) for name in names)]
        if len(kinds) + bool(self.get("QUALYS_SECRET_ARN")) > 1:
            raise OpsError("More than one Qualys credential is in the environment: leave one.")
        if self.get("QUALYS_SECRET_ARN"):
            return {}
        if not kinds:
            raise OpsError(f"No credential: {_HOW}")
        if missing := [name for name in kinds[0] if not self.get(name)]:
            raise OpsError(f"{missing[0]} is missing from the environment.")
        return {key: self.get(name) for name, key in kinds[0].items()}

    def variables(self, known: list[str]) -> dict[str, Any]:
        """Values given as VAR_name=value, as JSON or as text. Raises OpsError for another name."""
        found = {}
        for name, value in self.environment.items():
            if name.startswith("VAR_") and value:
                found[_known(name.removeprefix("VAR_"), name, known)] = _parsed(value)
        return found

    def variables_file(self, known: list[str]) -> tuple[Path, list[str]] | None:
        """The file TFVARS names and the variables it sets. Raises OpsError."""
        if not self.get("TFVARS"):
            return None
        path = Path(self.get("TFVARS")).expanduser().resolve()
        try:
            text = path.read_text()
            names = list(json.loads(text)) if path.suffix == ".json" else _assigned(text)
        except (OSError, ValueError) as error:
            raise OpsError(f"TFVARS={path} cannot be read: {error}") from None
        return path, [_known(name, f"TFVARS: {name}", known) for name in names]


def _assigned(text: str) -> list[str]:
    return re.findall(r"^(\w+)\s*=", text, re.MULTILINE)


def _known(name: str, given: str, known: list[str]) -> str:
    if name == "qualys_credentials":
        raise OpsError(f"{given}: the credential is taken from the environment alone. {_HOW}")
    if name not in known:
        raise OpsError(f"{given} is no variable here. There are: {', '.join(sorted(known))}.")
    return name


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
