"""Reads the functions' environment. No other module reads it; the first missing value fails."""

import json
import os
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from image_scan.contracts import READERS, Reader
from image_scan.errors import ConfigurationError

_EXAMINATIONS = frozenset({"vulnerabilities", "malware", "secrets"})
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _text(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"environment variable {name} is missing")
    return value


def _positive(name: str) -> int:
    text = _text(name)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ConfigurationError(f"environment variable {name} must be a positive whole number")
    return int(text)


def _one_of(name: str, *known: str) -> str:
    if (value := _text(name)) not in known:
        raise ConfigurationError(f"environment variable {name} must be {' or '.join(known)}")
    return value


def _object(name: str) -> dict[Any, Any]:
    try:
        return dict(json.loads(_text(name)))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{name} is not a JSON object: {error}") from None


def installation_name() -> str:
    """The name prefix of this installation; a metric dimension."""
    return _text("NAME_PREFIX")


def log_level() -> str:
    return os.environ.get("LOG_LEVEL", "INFO").upper()


def cache_table() -> str:
    return _text("CACHE_TABLE")


def inventory_table() -> str:
    return _text("INVENTORY_TABLE")


def state_table() -> str:
    return _text("STATE_TABLE")


def cache_ttl_seconds() -> int:
    return _positive("CACHE_TTL_DAYS") * 86_400


def lease_seconds() -> int:
    """How long a scan may hold an image: a little longer than the scan machine may run."""
    return _positive("LEASE_SECONDS")


def require_examined() -> frozenset[str]:
    """Returns the examinations that an image needs to be CLEAN."""
    required = frozenset(_text("REQUIRE_EXAMINED").split())
    if not {"vulnerabilities"} <= required <= _EXAMINATIONS:
        raise ConfigurationError("REQUIRE_EXAMINED takes vulnerabilities, malware, secrets")
    return required


def topic_arns() -> dict[Reader, str]:
    """Returns ARNs of the installation's topics, by kind of reader."""
    arns = _object("TOPIC_ARNS")
    if missing := [reader for reader in READERS if not arns.get(reader)]:
        raise ConfigurationError(f"TOPIC_ARNS has no topic for {', '.join(missing)}")
    return arns


def result_bus() -> str:
    """Returns the ARN of the event bus for results."""
    return _text("RESULT_BUS")


def finding_bus() -> str:
    """Returns the ARN of the event bus for findings; empty where nobody wants their events."""
    return os.environ.get("FINDING_BUS", "").strip()


def notification_policy() -> dict[str, Any]:
    """Returns the inputs of `NotificationPolicy.read`."""
    return _object("NOTIFY")


def scope() -> dict[str, Any]:
    """Returns the inputs of `Scope.read`; empty where everything is in scope."""
    return _object("SCOPE") if os.environ.get("SCOPE") else {}


def remediation_days() -> dict[str, Any]:
    """Returns the inputs of `Deadlines.read`."""
    return _object("REMEDIATION_DAYS")


def notification_function() -> str:
    """Returns the name of the function that records and notifies verdicts."""
    return _text("NOTIFICATION_FUNCTION")


def reassessment_function() -> str:
    """Returns the name of the function that judges images again."""
    return _text("REASSESSMENT_FUNCTION")


def rescan_seconds() -> int | None:
    """How old what is known of a running image may become; None where it may become any age."""
    return _positive("RESCAN_DAYS") * 86_400 if os.environ.get("RESCAN_DAYS") else None


def owner_tag() -> str:
    """Key of the tag that names the team of a service, task definition or repository."""
    return _text("OWNER_TAG")


def owner_topics() -> dict[str, dict[Reader, str]]:
    """Returns ARNs of the topics of teams, by team and by kind of reader; no ARNs for Reconcile."""
    return _object("OWNER_TOPICS") if os.environ.get("OWNER_TOPICS") else {}


def qualys_platform_url() -> str:
    """Where people sign in at Qualys; empty where the installation does not know it."""
    return os.environ.get("QUALYS_PLATFORM_URL", "").strip().rstrip("/")


def most_scans() -> int:
    """How many scans may be at Qualys at once."""
    return _positive("MAX_CONCURRENT_SCANS")


def registry_role_arn(account_id: str) -> str:
    """The role that the Qualys Registry Sensor assumes to pull images of a member account.

    An empty account is our own.
    """
    name = "SPOKE_REGISTRY_ROLE_ARN" if account_id else "QUALYS_ROLE_ARN"
    return _text(name).replace("{account}", account_id)


def registry_external_id() -> str:
    """The external id that this role trusts; empty where the installation does not know it."""
    return os.environ.get("QUALYS_EXTERNAL_ID", "").strip()


def product_arn(account_id: str) -> str:
    """Returns the ARN of the default product of an account's Security Hub.

    An empty account is our own.
    """
    return _text("PRODUCT_ARN").replace("{account}", account_id or _text("ACCOUNT_ID"))


@dataclass(frozen=True)
class Spokes:
    """Accounts that forward events to this one, the hub.

    Empty `account_ids` means the whole organization. `describe_role_arn` has {account} in place of
    the account's id.
    """

    hub_account_id: str
    describe_role_arn: str
    external_id: str
    account_ids: frozenset[str]


def spokes() -> Spokes | None:
    """Returns None in an installation that takes no events of other accounts."""
    if not os.environ.get("DESCRIBE_ROLE_ARN"):
        return None
    return Spokes(
        hub_account_id=_text("HUB_ACCOUNT_ID"),
        describe_role_arn=_text("DESCRIBE_ROLE_ARN"),
        external_id=_text("DESCRIBE_EXTERNAL_ID"),
        account_ids=frozenset(os.environ.get("SPOKE_ACCOUNT_IDS", "").split()),
    )


@dataclass(frozen=True)
class GateSettings:
    """The settings of the deployment gate. `policy` has the arguments of `gate.inputs.Policy`."""

    mode: str
    on_undecided: str
    policy: dict[str, Any]
    deadline_seconds: int
    rollback_seconds: int
    intake_arn: str

    @classmethod
    def from_environment(cls) -> Self:
        """Raises ConfigurationError."""
        return cls(
            mode=_one_of("GATE_MODE", "audit", "enforce"),
            on_undecided=_one_of("GATE_ON_UNDECIDED", "allow", "block"),
            policy=_object("GATE_POLICY"),
            deadline_seconds=_positive("GATE_DEADLINE_MINUTES") * 60,
            rollback_seconds=int(_text("GATE_ROLLBACK_DAYS")) * 86_400,
            intake_arn=_text("INTAKE_STATE_MACHINE_ARN"),
        )


def gate_fallback() -> tuple[bool, bool]:
    """Returns whether the gate is in audit mode, and whether it allows undecided images. A gate
    that fails calls this, so it never raises. Any value but `audit` and `allow` blocks."""
    return os.environ.get("GATE_MODE") == "audit", os.environ.get("GATE_ON_UNDECIDED") == "allow"


@dataclass(frozen=True)
class QualysSettings:
    """`ca_bundle_arn` and `ca_bundle_version` name a version of a secret, or are empty."""

    gateway_url: str
    secret_arn: str
    ca_bundle_arn: str = ""
    ca_bundle_version: str = ""

    @classmethod
    def from_environment(cls) -> Self:
        """Raises ConfigurationError if the URL would send the credential without encryption."""
        url = _text("QUALYS_GATEWAY_URL").rstrip("/")
        try:
            parts = urlsplit(url)
            scheme, host = parts.scheme, parts.hostname
        except ValueError:
            scheme, host = "", None
        if not host or not (scheme == "https" or (scheme == "http" and host in _LOOPBACK)):
            raise ConfigurationError("QUALYS_GATEWAY_URL must be https (http on loopback only)")
        if not (ca_bundle_arn := os.environ.get("CA_BUNDLE_ARN", "")):
            return cls(url, _text("QUALYS_SECRET_ARN"))
        return cls(url, _text("QUALYS_SECRET_ARN"), ca_bundle_arn, _text("CA_BUNDLE_VERSION"))
