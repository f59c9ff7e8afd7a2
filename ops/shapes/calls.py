"""Makes the calls to Qualys whose answers are compared. They change nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_scan.errors import ConfigurationError, QualysUnreadable, ScanError
from image_scan.findings import detections
from image_scan.qualys import bodies, reading
from ops.shapes.expected import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from image_scan.qualys.transport import Params, Transport

_STATUS = re.compile(r"HTTP ([0-9]{3})")
_PAGE: dict[str, str | int] = {"pageNumber": 1, "pageSize": 200}
_BASE = "/registry/aws-base"
# Qualys may answer 404 to these paths. Every other path exists.
_UNKNOWN = ("/registry/aws/connectors/", "/images/{image}/")


@dataclass(frozen=True)
class Answer:
    """`call` is a key of SHAPES. `body` is None if there is nothing to compare. `problem` says why;
    it is empty if Qualys answered that there is nothing."""

    call: str
    status: int | None
    body: Any = field(default=None, repr=False)
    problem: str = ""


def answers(transport: Transport, registry_host: str, account_id: str) -> Iterator[Answer]:
    """Reads each list once, and one image. Prefers the registry of `registry_host`, if the
    subscription has it; `account_id` owns the role of its connector.

    Raises ConfigurationError if the secret is no credential.
    """

    def ask(call: str, params: Params | None = None, **named: str) -> Answer:
        return _asked(transport, call, params, named)

    yield ask(_BASE)
    yield (registries := ask("/registry", _PAGE))
    if registry := _id_of(_rows(registries), "registryUuid", _is_registry(registry_host)):
        yield ask("/registry/{registry}", registry=registry)
        yield ask("/registry/{registry}/schedule", _PAGE, registry=registry)
    yield ask("/registry/aws/connectors/{account}", account=account_id)
    yield ask("/sensors", _PAGE)
    yield (images := ask("/images", _PAGE))
    if image := _id_of(_rows(images), "sha", _has_findings):
        yield ask("/images/{image}", {"scanDetails": "malware,secrets"}, image=image)
        yield ask("/images/{image}/vuln", {"type": "ALL", "applyException": "true"}, image=image)
        yield ask("/images/{image}/vuln/count", image=image)
        yield (layers := ask("/images/{image}/layers/malware", _PAGE, image=image))
        if layer := _id_of(_rows(layers), "layerHash", detections.is_malicious):
            files = "/images/{image}/layers/{layer}/malware/files"
            yield ask(files, image=image, layer=layer)


def not_asked(given: list[Answer]) -> list[str]:
    """Returns the calls that were not made, because the subscription has nothing for them."""
    asked = {each.call for each in given}
    return [call for call in SHAPES if call not in asked]


def _asked(
    transport: Transport, call: str, params: Params | None, named: Mapping[str, str]
) -> Answer:
    """Makes a call. Drops error messages of the transport, because they name the path."""
    status = None
    try:
        answer = transport.send("GET", call.format(**named), params=params)
        status = answer.status_code
        body = _body(call, answer)
    except ConfigurationError:
        raise
    except ScanError as error:
        reported = _STATUS.search(str(error))
        status = int(reported[1]) if reported else status
        return Answer(call, status, problem=type(error).__name__)
    return Answer(call, status, body)


def _body(call: str, answer: requests.Response) -> Any:
    """Returns the body; None if the answer says that there is nothing. Raises ScanError."""
    if answer.status_code == 404 and call.startswith(_UNKNOWN):
        return None
    body = bodies.answered(answer)
    if body is None and (call == _BASE or answer.status_code != 204):
        raise QualysUnreadable("there is nothing in the answer")
    return body


def _rows(answer: Answer) -> list[Mapping[str, Any]]:
    """Returns the readable rows of an answer; `compare` reports all else in it."""
    found = answer.body.get("data") if isinstance(answer.body, dict) else answer.body
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _id_of(
    rows: list[Mapping[str, Any]], name: str, preferred: Callable[[Mapping[str, Any]], bool]
) -> str:
    """Returns the id of the first preferred row, else of the first row; empty without rows."""
    rows = [row for row in rows if reading.is_id(reading.text(row, name))]
    chosen = sorted(rows, key=lambda row: not preferred(row))
    return reading.text(chosen[0], name) if chosen else ""


def _is_registry(host: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: reading.host(reading.text(row, "registryUri")) == host


def _has_findings(row: Mapping[str, Any]) -> bool:
    counts = row.get("vulnerabilities")
    return isinstance(counts, dict) and any(counts.values())
