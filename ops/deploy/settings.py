"""Reads settings from make's command line or the environment; make passes both on alike."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.deploy import ca_bundle
from ops.deploy.project import gateways
from ops.errors import OpsError
from ops.hints import DEFAULT_PREFIX

_ACCOUNT = (r"[0-9]{12}", "123456789012")
_REGION = (r"[a-z]{2}(-[a-z]+)+-[0-9]", "us-west-2")
_LISTS = ("REGION", "REGIONS", "OrgUnitIds", "INCLUDE_ACCOUNTS", "EXCLUDE_ACCOUNTS")
# The pattern of a setting, or of each word of a list, with an example.
SHAPES = {
    # As the modules require it.
    "NAME_PREFIX": (r"(?!sthree-)(?=.{3,28}$)[a-z][a-z0-9]*(-[a-z0-9]+)*", DEFAULT_PREFIX),
    "REGION": _REGION,
    "REGIONS": _REGION,
    "HUB_REGION": _REGION,
    "EXISTING_ROLE_ARN": (
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+",
        "arn:aws:iam::123456789012:role/qualys-role",
    ),
    "EXISTING_ROLE_NAME": (r"([!-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}", "qualys-role"),
    "OrganizationId": (r"o-[a-z0-9]{10,32}", "o-a1b2c3d4e5"),
    "OrgUnitIds": (
        r"(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})",
        "ou-ab12-cdef3456",
    ),
    "SecurityAccountId": _ACCOUNT,
    "CentralEventBusArn": (
        r"arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/.+-hub",
        "arn:aws:events:us-east-1:123456789012:event-bus/qualys-image-scan-hub",
    ),
    "HUB_IAM_PATH": (r"/([!-~]+/)?", "/security/"),
    "INCLUDE_ACCOUNTS": _ACCOUNT,
    "EXCLUDE_ACCOUNTS": _ACCOUNT,
}
# Other names of the same settings, in the style of all the others.
_STYLED = {
    "ORGANIZATION_ID": "OrganizationId",
    "ORG_UNIT_IDS": "OrgUnitIds",
    "SECURITY_ACCOUNT_ID": "SecurityAccountId",
    "CENTRAL_EVENT_BUS_ARN": "CentralEventBusArn",
}
_SWITCHES = ("CREATE_ROLE", "AUTO_APPROVE")
_CREDENTIALS = {
    "token": {"QUALYS_API_TOKEN": "token"},
    "user": {"QUALYS_USERNAME": "username", "QUALYS_PASSWORD": "password"},
    "client": {"QUALYS_CLIENT_ID": "client_id", "QUALYS_CLIENT_SECRET": "client_secret"},
}
# May be given together with each of these.
_PROXY = {"QUALYS_PROXY_USER": "proxy_user", "QUALYS_PROXY_PASSWORD": "proxy_password"}
# A URL with a password, or a key. Terraform would store them in its files and in the state.
_SECRET = re.compile(r"://[^/\s@]*:[^/\s@]*@|PRIVATE KEY")
_HOW = (
    "Put a Qualys credential into the environment: QUALYS_CLIENT_ID and QUALYS_CLIENT_SECRET, or "
    "QUALYS_USERNAME and QUALYS_PASSWORD, or QUALYS_API_TOKEN, or QUALYS_SECRET_ARN."
)


@dataclass(frozen=True)
class Settings:
    """Reads settings by name. An empty value counts as not given."""

    environment: Mapping[str, str]

    @classmethod
    def given(cls, *, styled: bool = True) -> "Settings":
        """Reads all settings, and replaces the file name in CA_BUNDLE by its certificates. Raises
        OpsError.

        Without `styled`, ORGANIZATION_ID and similar are not read: they may be for other tools.
        """
        given = dict(os.environ)
        for other, name in _STYLED.items() if styled else ():
            if (value := given.get(other)) and given.setdefault(name, value) != value:
                raise OpsError(f"{other} and {name} are one setting: give it once.")
        if pod := given.get("QUALYS_POD"):
            given["QUALYS_POD"] = pod.strip().upper()
        if path := given.get("CA_BUNDLE", "").strip():
            given["CA_BUNDLE"] = ca_bundle.read(path)
        return cls(given)

    def get(self, name: str) -> str:
        return self.environment.get(name, "").strip()

    def need(self, name: str) -> str:
        """Returns a setting. Raises OpsError if it is not given."""
        if not (value := self.get(name)):
            example = "US2" if name == "QUALYS_POD" else SHAPES[name][1]
            raise OpsError(f"{name} is missing: give {name}={example}.")
        return value

    def refuse_wrong_values(self) -> None:
        """Raises OpsError for the first invalid value, even if the command does not use it."""
        for name, (pattern, example) in SHAPES.items():
            for word in self.words(name) if name in _LISTS else [self.get(name)]:
                if word and not re.fullmatch(pattern, word):
                    raise OpsError(f"{name}={word} is not valid. An example is {example}.")
        for name in _SWITCHES:
            self.is_set(name)
        _refuse_secret("QUALYS_GATEWAY_URL", self.get("QUALYS_GATEWAY_URL"))
        pods = gateways()
        if (pod := self.get("QUALYS_POD")) and pod not in pods:
            raise OpsError(
                f"QUALYS_POD={pod} is not a Qualys platform: give one of {', '.join(pods)}."
            )

    def words(self, name: str) -> list[str]:
        """Reads a comma-separated list."""
        return [word for word in re.split(r"[,\s]+", self.get(name)) if word]

    def one_region(self) -> str:
        """Returns REGION, empty if it is not given. Raises OpsError for several."""
        if len(self.words("REGION")) > 1:
            raise OpsError("REGION= names one region here: several are for make deploy-region.")
        return self.get("REGION")

    def is_set(self, name: str) -> bool:
        """Reads a yes or no. Raises OpsError for any other value."""
        value = self.get(name).lower()
        if value not in ("", "0", "1", "no", "yes", "false", "true"):
            raise OpsError(f"{name}={value} is not valid: give {name}=true or leave it out.")
        return value in ("1", "yes", "true")

    @property
    def name_prefix(self) -> str:
        return self.get("NAME_PREFIX") or DEFAULT_PREFIX

    def refuse_half_a_credential(self) -> None:
        """Raises OpsError for more than one kind of credential, or for an incomplete one."""
        kinds = self._kinds()
        if len(kinds) + bool(self.get("QUALYS_SECRET_ARN")) > 1:
            raise OpsError(
                "More than one Qualys credential is given: leave one. QUALYS_SECRET_ARN= gives up "
                "the secret of the last deployment."
            )
        proxy = [_PROXY] if any(self.get(name) for name in _PROXY) else []
        if missing := [name for names in kinds + proxy for name in names if not self.get(name)]:
            raise OpsError(f"{missing[0]} is missing from the environment.")
        if ":" in self.get("QUALYS_PROXY_USER"):
            raise OpsError(
                "QUALYS_PROXY_USER cannot have a colon: a proxy would take the rest for the "
                "password."
            )
        if proxy and self.get("QUALYS_SECRET_ARN"):
            raise OpsError(
                "QUALYS_PROXY_USER and QUALYS_PROXY_PASSWORD go into the secret that is made here: "
                "write proxy_user and proxy_password into that of QUALYS_SECRET_ARN yourself."
            )

    def credential(self) -> dict[str, str]:
        """Returns the content of the functions' secret; empty if QUALYS_SECRET_ARN is given.

        Raises OpsError unless exactly one complete credential is given.
        """
        self.refuse_half_a_credential()
        if self.get("QUALYS_SECRET_ARN"):
            return {}
        if not (kinds := self._kinds()):
            raise OpsError(f"No credential: {_HOW}")
        names = kinds[0] | _PROXY
        return {key: self.get(name) for name, key in names.items() if self.get(name)}

    def _kinds(self) -> list[dict[str, str]]:
        """Returns the kinds of credential that are given, at least in part."""
        return [names for names in _CREDENTIALS.values() if any(self.get(name) for name in names)]

    def variables(self, known: list[str]) -> dict[str, Any]:
        """Returns values given as VAR_name=value, JSON or text. Raises OpsError for unknown
        names."""
        found = {}
        for name, value in self.environment.items():
            if name.startswith("VAR_") and value:
                found[_known(name.removeprefix("VAR_"), name, known)] = _parsed(value)
        if "network" in found:
            _refuse_wrong_network(found["network"])
        for name, value in found.items():
            _refuse_secret(f"VAR_{name}", value)
        return found

    def variables_file(self, known: list[str]) -> tuple[Path, list[str]] | None:
        """Returns the file of TFVARS and the names of the variables in it. Raises OpsError."""
        if not self.get("TFVARS"):
            return None
        path = Path(self.get("TFVARS"))
        try:
            path = path.expanduser().resolve()
            text = path.read_text()
            names = list(json.loads(text)) if path.suffix == ".json" else _assigned(text)
        except (OSError, ValueError, RuntimeError) as error:  # the last for ~user of nobody
            raise OpsError(f"TFVARS={path} cannot be read: {error}") from None
        return path, [_known(name, f"TFVARS: {name}", known) for name in names]


def _refuse_wrong_network(network: Any) -> None:
    """Raises OpsError for text: it would be passed on without a check."""
    if not isinstance(network, dict):
        raise OpsError(
            "VAR_network is not a JSON object: it looks like "
            '{"https_proxy": "http://proxy.example.com:3128"}.'
        )
    if "@" in str(network.get("https_proxy")):
        raise OpsError(
            "VAR_network: the user and password for the proxy would be stored in the state. Put "
            "them into the environment, as QUALYS_PROXY_USER and QUALYS_PROXY_PASSWORD."
        )


def _refuse_secret(name: str, value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if _SECRET.search(text):
        raise OpsError(
            f"{name} holds a password or a private key, which would be stored in the state: leave "
            "it out."
        )


def _assigned(text: str) -> list[str]:
    return re.findall(r"^(\w+)\s*=", text, re.MULTILINE)


def _known(name: str, given: str, known: list[str]) -> str:
    if name == "qualys_credentials":
        raise OpsError(f"{given}: the credential is taken from the environment alone. {_HOW}")
    if name == "name_prefix":
        raise OpsError(f"{given}: give NAME_PREFIX=, which names the state, too.")
    if name not in known:
        raise OpsError(
            f"{given} is not a variable of this module. It has: {', '.join(sorted(known))}."
        )
    return name


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
