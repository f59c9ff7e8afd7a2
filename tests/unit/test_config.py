"""The environment is read once and fails on the first gap."""

import json
from collections.abc import Callable

import pytest

from image_scan import config
from image_scan.contracts import READERS
from image_scan.errors import ConfigurationError

ARNS = {reader: f"arn-of-{reader}" for reader in READERS}
SETTINGS: dict[str, Callable[[], object]] = {
    "NAME_PREFIX": config.installation_name,
    "CACHE_TABLE": config.cache_table,
    "INVENTORY_TABLE": config.inventory_table,
    "STATE_TABLE": config.state_table,
    "CACHE_TTL_DAYS": config.cache_ttl_seconds,
    "LEASE_SECONDS": config.lease_seconds,
    "TOPIC_ARNS": config.topic_arns,
    "RESULT_BUS": config.result_bus,
    "OWNER_TAG": config.owner_tag,
    "REQUIRE_EXAMINED": config.require_examined,
    "QUALYS_ROLE_ARN": lambda: config.registry_role_arn(""),
    "SPOKE_REGISTRY_ROLE_ARN": lambda: config.registry_role_arn("222222222222"),
    "QUALYS_GATEWAY_URL": config.QualysSettings.from_environment,
    "QUALYS_SECRET_ARN": config.QualysSettings.from_environment,
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_gap_is_named(environment: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    environment.setenv("TOPIC_ARNS", json.dumps(ARNS))
    if value is None:
        environment.delenv(name, raising=False)
    else:
        environment.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        SETTINGS[name]()


@pytest.mark.parametrize("name", ["CACHE_TTL_DAYS", "LEASE_SECONDS"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "٣"])
def test_a_number_is_positive_and_whole(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        SETTINGS[name]()


def test_units(environment: pytest.MonkeyPatch) -> None:
    assert config.cache_ttl_seconds() == 7 * 86_400
    assert config.lease_seconds() == 3900


def test_each_kind_of_reader_has_a_topic(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TOPIC_ARNS", json.dumps(ARNS))
    assert config.topic_arns() == ARNS
    for value in ({**ARNS, "chat": ""}, {"people": "arn"}):
        environment.setenv("TOPIC_ARNS", json.dumps(value))
        with pytest.raises(ConfigurationError, match=r"TOPIC_ARNS has no topic for .*chat"):
            config.topic_arns()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("TOPIC_ARNS", config.topic_arns),
        ("OWNER_TOPICS", config.owner_topics),
        ("NOTIFY", config.notification_policy),
    ],
)
@pytest.mark.parametrize("value", ["people", "5", "[1]"])
def test_an_object_is_json(
    environment: pytest.MonkeyPatch, name: str, read: Callable[[], object], value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name} is not a JSON object"):
        read()


@pytest.mark.parametrize(
    "url", ["https://gateway.example.com/", "http://127.0.0.1:8080", "http://localhost:1"]
)
def test_a_gateway_is_https_or_on_loopback(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("QUALYS_GATEWAY_URL", url)
    assert config.QualysSettings.from_environment().gateway_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example.com",
        "http://127.0.0.1.example.com",
        "gateway.example.com",
        "https://",
        "https:///path",
        "https://[::1",
    ],
)
@pytest.mark.held("the credential")
def test_any_other_gateway_is_refused(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("QUALYS_GATEWAY_URL", url)
    with pytest.raises(ConfigurationError, match="https"):
        config.QualysSettings.from_environment()


def test_what_is_required_has_known_names_and_vulnerabilities_among_them(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("REQUIRE_EXAMINED", "vulnerabilities malware")
    assert config.require_examined() == {"vulnerabilities", "malware"}
    for wrong in ("malware", "vulnerabilities malwares"):
        environment.setenv("REQUIRE_EXAMINED", wrong)
        with pytest.raises(ConfigurationError, match="REQUIRE_EXAMINED"):
            config.require_examined()
