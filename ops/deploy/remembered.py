"""Reads the settings of the last deployment from its state. They never include a credential."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.deploy.deployment import INSTALLATION, ORG_SPOKE, REGIONAL_SPOKE
from ops.deploy.settings import Settings
from ops.deploy.state import RECORD, State

# Beside VAR_..., by the kind of deployment.
_QUALYS = ("QUALYS_POD", "QUALYS_GATEWAY_URL")
_ROLE = ("EXISTING_ROLE_ARN", "EXISTING_ROLE_NAME", "CREATE_ROLE")
_ACCOUNTS = ("INCLUDE_ACCOUNTS", "EXCLUDE_ACCOUNTS")
_HUB = ("OrganizationId", "SecurityAccountId", "CentralEventBusArn", "HUB_IAM_PATH")
NAMES = {
    INSTALLATION: (*_QUALYS, *_ROLE, "QUALYS_SECRET_ARN", "CA_BUNDLE", "OrganizationId"),
    REGIONAL_SPOKE: ("HUB_REGION",),
    ORG_SPOKE: (
        *_QUALYS,
        *_ROLE,
        *_HUB,
        *_ACCOUNTS,
        "OrgUnitIds",
        "REGIONS",
        "CALL_AS",
        "CA_BUNDLE",
    ),
}
# Where the code was on this machine: at the next run, that would be old code.
NOT_REMEMBERED = ("lambda_package",)
# If one setting of a group changes, all remembered settings of the group are dropped.
_GROUPS = (_QUALYS, _ROLE, _ACCOUNTS)
_SHOWN = 160  # characters of a value


@dataclass(frozen=True)
class Remembered:
    """`settings` are the given settings by name; `file` has the values of TFVARS."""

    settings: Mapping[str, str] = field(default_factory=dict)
    file: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: State | None) -> "Remembered":
        record = (state.output(RECORD) if state else None) or {}
        return cls(record.get("settings", {}), record.get("file", {}))

    def under(self, given: Settings) -> Settings:
        """Joins given and remembered settings; the given ones count, even if they are empty."""
        replaced = {name for group in _GROUPS if self._is_changed(group, given) for name in group}
        stored = {
            name: value
            for name, value in self.settings.items()
            if name not in given.environment and name not in replaced
        }
        return Settings({**stored, **given.environment})

    def _is_changed(self, group: tuple[str, ...], given: Settings) -> bool:
        return any(given.get(name) not in ("", self.settings.get(name)) for name in group)

    def file_under(self, given: Settings) -> dict[str, Any]:
        """Returns the file's values that still apply: all, unless a file or a value is given."""
        if given.get("TFVARS"):
            return {}
        return {
            name: value
            for name, value in self.file.items()
            if f"VAR_{name}" not in given.environment
        }

    def shown(
        self, now: "Remembered", given: Settings, from_file: tuple[str, ...]
    ) -> Iterator[str]:
        """Returns lines about settings that are used again or have changed.

        `from_file` are the names that TFVARS sets now; only Terraform reads their values.
        """
        before, after = self._by_name(), now._by_name()
        if not before:
            return
        taken = sorted((before.keys() & after.keys()) - given.environment.keys())
        if taken:
            pairs = (f"{name}={_short(after[name])}" for name in taken)
            yield f"from the last deployment: {' '.join(pairs)}"
        for name in sorted((before.keys() | after.keys()) - {f"VAR_{each}" for each in from_file}):
            old, new = before.get(name), after.get(name)
            if old != new and new is None:
                yield f"no longer given: {name} (was {_short(old)})"
            elif old != new:
                yield f"changed: {name}={_short(new)} (was {_short(old) if old else 'not given'})"

    def _by_name(self) -> dict[str, str]:
        file = {f"VAR_{name}": json.dumps(value) for name, value in self.file.items()}
        return {**file, **self.settings}


def record(settings: Settings, kind: str) -> dict[str, str]:
    """Returns the settings to remember for the next run of this kind."""
    variables = [name for name in settings.environment if name.startswith("VAR_")]
    names = [*NAMES[kind], *variables]
    stored = {name: settings.get(name) for name in sorted(names) if settings.get(name)}
    return {name: value for name, value in stored.items() if name[4:] not in NOT_REMEMBERED}


def _short(value: str | None) -> str:
    text = " ".join((value or "").split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
