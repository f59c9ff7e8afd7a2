"""Malware and secrets of an image, as the calls show them.

Malware is documented ("Show malwares detected for an image"). No document shows what the details
say of secrets, nor what any answer looks like for an image that was not examined: see `Behaviour`.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from sandbox.qualys.answers import Json
from sandbox.qualys.clock import milliseconds
from sandbox.qualys.images import Image
from sandbox.qualys.scenario import Scenario

_UNKNOWN_SHAPE = {"summary": {"state": "DONE"}}
_NUMBERS = {"LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}


def layer_hashes(image: Image) -> list[str]:
    """An image that was given without layers has one."""
    bare = [digest.removeprefix("sha256:") for digest in image.layers]
    return bare or [hashlib.sha256(f"layer of {image.sha}".encode()).hexdigest()]


def malware_rows(image: Image) -> list[Json]:
    """A row for each layer, clean ones too, with all malware in the last; nothing where no scan
    looked for any."""
    if image.malware is None:
        return []
    *clean, last = layer_hashes(image)
    return [*(_clean(image, each) for each in clean), _row(image, last, image.malware)]


def _clean(image: Image, layer_hash: str) -> Json:
    return {
        "layerHash": layer_hash,
        "layerFileName": "layer.tar",
        "layerMimeType": "application/x-tar",
        "layerCreatedDate": milliseconds(image.created),
        "layerFilesAnalyzed": 16,
        "layerMalwareCount": 0,
        "prediction": "unknown",
        "score": None,
        "severity": None,
        "category": None,
        "family": None,
        "createdBy": None,
    }


def _row(image: Image, layer_hash: str, malware: list[Json]) -> Json:
    if not malware:
        return _clean(image, layer_hash)
    files = [malware_file(image, layer_hash, each) for each in malware]
    worst = max(files, key=lambda each: each["severity"] or 0)
    shown = ("prediction", "score", "severity", "category", "family")
    return {
        **_clean(image, layer_hash),
        "layerFilesAnalyzed": len(files),
        "layerMalwareCount": len(files),
        **{name: worst[name] for name in shown},
    }


def malware_files(image: Image, layer_hash: str) -> list[Json]:
    in_it = image.malware if layer_hash == layer_hashes(image)[-1] else []
    return [malware_file(image, layer_hash, each) for each in in_it or []]


def malware_file(image: Image, layer_hash: str, given: Mapping[str, Any]) -> Json:
    return {
        "layerHash": layer_hash,
        "fileHash": hashlib.sha256(repr(sorted(given.items())).encode()).hexdigest(),
        "imageHash": image.sha,
        "fileName": "libz.so.1",
        "fileType": "ELF",
        "createdDate": None,
        "fileSize": 0,
        "prediction": "malicious",
        "score": 1,
        "severity": 3,
        "category": "dropper",
        "family": "mirai",
        "mimeType": "application/x-executable",
        **given,
    }


def blocks(image: Image, switches: Scenario, wanted: set[str]) -> Json:
    """What `scanDetails` adds to the details of an image."""
    shown: Json = {}
    if "malware" in wanted:
        rows = None if image.malware is None else malware_rows(image)
        shown |= _block("malware", switches.malware_block, rows)
    if "secrets" in wanted:
        found = image.secrets
        rows = None if found is None else [_secret(each, switches.secret_rows) for each in found]
        shown |= _block("secrets", switches.secrets_block, rows)
    return shown


def _block(name: str, shape: str, rows: list[Json] | None) -> Json:
    if shape == "absent" or (shape == "list" and rows is None):
        return {}
    shapes: Json = {"list": rows, "null": None, "empty": [], "unknown": _UNKNOWN_SHAPE}
    return {name: shapes[shape]}


def _secret(given: Mapping[str, Any], shape: str) -> Json:
    """Shows a secret with the fields of the detectors' rules, or of a client's declaration. Neither
    was seen in an answer, so it is unknown whether an answer has the `value`."""
    secret = {
        "secretDetector": "AWS Access Key",
        "category": "AWS",
        "severity": "HIGH",
        "path": "/app/.env",
        "line": 3,
        "value": "",
        **given,
    }
    if shape == "detector":
        return secret
    return {
        "type": secret["secretDetector"],
        "path": secret["path"],
        "line": secret["line"],
        "severity": _NUMBERS.get(str(secret["severity"]).upper(), secret["severity"]),
        "details": f"matched {secret['value']}",
    }
