"""Reads a scenario file (TOML), which says what a subscription has and how it behaves:

[scenario]                 switches, see `Scenario`
[behaviours."team/app"]    how scans of an image go and look, see `Behaviour`
[[findings."team/app"]]    what its scans find
[[images]]                 images that are known, by `sha`; see `SimulatorControl.know_image`
[[faults]]                 calls to spoil, see `Fault`
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sandbox.qualys.answers import Json
from sandbox.qualys.behaviours import Behaviours
from sandbox.qualys.clock import Clock
from sandbox.qualys.faults import Faults
from sandbox.qualys.findings import GivenFindings, dated, vulnerability
from sandbox.qualys.images import Image, Images, given_image
from sandbox.qualys.scenario import Scenario

_TABLES = ("scenario", "behaviours", "findings")
_ARRAYS = ("images", "faults")


class Subscription(Protocol):
    """The parts that a scenario file sets."""

    scenario: Scenario
    behaviours: Behaviours
    findings: GivenFindings
    images: Images
    faults: Faults
    clock: Clock


def read_file(path: str | Path) -> Json:
    """What a file says. Raises ValueError with its name."""
    try:
        given = tomllib.loads(Path(path).read_text())
        json.dumps(given)  # a date would be no JSON
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return given


def apply(given: Mapping[str, Any], to: Subscription) -> None:
    """Sets all of it. Raises ValueError that names the key; what stands before it is set then."""
    for name, part in given.items():
        if name not in (*_TABLES, *_ARRAYS):
            raise ValueError(f"unknown name {name}")
        if not isinstance(part, dict if name in _TABLES else list):
            raise ValueError(f"{name} must be {'a table' if name in _TABLES else 'an array'}")
    with _at("scenario"):
        to.scenario.update(given.get("scenario", {}))
    for key, values in given.get("behaviours", {}).items():
        with _at(f'behaviours."{key}"'):
            to.behaviours.set(key, values)
    for key, findings in given.get("findings", {}).items():
        with _at(f'findings."{key}"'):
            to.findings.set(key, findings)
    for number, image in enumerate(given.get("images", []), 1):
        with _at(f"images[{number}]"):
            to.images.replace(known_image(image, to.clock.now()))
    for number, fault in enumerate(given.get("faults", []), 1):
        with _at(f"faults[{number}]"):
            to.faults.add(fault)


def known_image(given: Mapping[str, Any], now: float) -> Image:
    """An image with its findings, which make it scanned just now unless something else is given."""
    values = dict(given)
    found = values.pop("findings", None)
    if found is None:
        return given_image(values, None, now)
    values.setdefault("scanned_seconds_ago", 0)
    scanned_at = now - float(values["scanned_seconds_ago"] or 0)
    return given_image(values, dated([vulnerability(one) for one in found], None, scanned_at), now)


@contextmanager
def _at(key: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{key}: {error}") from error
