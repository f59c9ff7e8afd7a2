"""Counts the malware and secrets that Qualys reports for an image. Pure.

Each has three states: none found, found, not examined. Only an answer of a known shape can mean
"none found". An answer that is absent, null or of an unknown shape means "not examined". Whatever
was found counts, even if the rest cannot be read.
https://docs.qualys.com/en/cs/api/malwares/show_malwares_detected_for_an_image.htm
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from image_scan.results import Counts, Detected, Detection, Detections, Outcome

Level = Literal["critical", "high", "medium", "low"]
EXAMINATIONS = ("vulnerabilities", "malware", "secrets")
ADVICE = {
    "malware": "Stop what runs the image, find out how the malware came into it, and deploy one "
    "without it.",
    "secrets": "Replace each secret that is in the image: whoever can pull the image has it.",
}
UNCLEAR = "the answer is incomplete or has no known shape"
LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low")
# Malware is rated 1 to 5; a secret by a word or by a number from 1 to 4. Without a readable
# severity, either counts as critical, so that no threshold hides it.
_MALWARE: dict[int, Level] = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low"}
_SECRETS: dict[int, Level] = {4: "critical", 3: "high", 2: "medium", 1: "low"}
_HARMLESS = ("", "unknown", "benign")
_DETECTORS = ("secretDetector", "category", "type")
_MOST = 5  # of each kind
_LONGEST = 100


def not_examined(why: str) -> Detected:
    return Detected(examined=False, counts=_counts([]), found=[], why=why)


def malware(rows: Sequence[Mapping[str, Any]], why: str = "") -> Detected:
    """Counts malware by layer; clean layers are listed too. `why` says why some may be missing.

    Qualys looked for malware only if it says that it analysed files of a layer.
    """
    bad = [row for row in rows if is_malicious(row)]
    counts = _counts((_malware_level(row), _files_of(row)) for row in bad)
    if not any(_number(row.get("layerFilesAnalyzed")) > 0 for row in rows):
        why = why or "Qualys reports no layer that was examined for it"
    if not all(is_malicious(row) or _is_clean(row) for row in rows):
        why = UNCLEAR
    found = [_malware(f"layer {_text(row.get('layerHash'))[:12]}", row) for row in bad]
    return Detected(examined=not why, counts=counts, found=worst(found), why=why)


def is_malicious(row: Mapping[str, Any]) -> bool:
    """Checks whether a layer or file is malicious. Qualys lists clean ones too."""
    return _number(row.get("layerMalwareCount")) > 0 or _prediction(row) == "malicious"


def malicious_layers(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Returns the hashes of malicious layers, the worst first."""
    bad = [row for row in rows if is_malicious(row)]
    bad.sort(key=lambda row: LEVELS.index(_malware_level(row)))
    return [_text(row.get("layerHash")) for row in bad]


def files(rows: Iterable[Mapping[str, Any]]) -> list[Detection]:
    """Returns the malicious files of a layer."""
    bad = [row for row in rows if is_malicious(row)]
    return [_malware(_text(row.get("fileName")) or "a file without a name", row) for row in bad]


def secrets(block: Any) -> Detected:
    """Counts secrets in the details of an image. The block is not documented: an entry is a secret
    if it names its detector or has a severity. No other field is read: it may hold the secret."""
    if block is None:
        return not_examined("Qualys reports nothing of them")
    if not isinstance(block, list):
        return not_examined(UNCLEAR)
    found = [_secret(each) for each in block if isinstance(each, Mapping) and _is_secret(each)]
    why = "" if len(found) == len(block) else UNCLEAR
    counts = _counts((each["severity"], 1) for each in found)
    return Detected(examined=not why, counts=counts, found=worst(found), why=why)


def joined(one: Detected, other: Detected) -> Detected:
    """Joins two answers about the same image: the one with more findings counts."""
    more, less = sorted((one, other), key=lambda each: -total(each["counts"]))
    examined = more["examined"] or less["examined"]
    return {**more, "examined": examined, "why": "" if examined else more["why"]}


def worst(found: Iterable[Detection]) -> list[Detection]:
    """Returns the worst detections, as many as a message names."""
    return sorted(found, key=lambda each: LEVELS.index(each["severity"]))[:_MOST]


def total(counts: Counts | None) -> int:
    return sum(counts[level] for level in LEVELS) if counts else 0


def exceeds(counts: Counts | None, others: Counts | None) -> bool:
    """Whether there are more than the others of any severity or above it."""
    return any(
        sum(counts[level] for level in LEVELS[:number])
        > (sum(others[level] for level in LEVELS[:number]) if others else 0)
        for number in range(1, len(LEVELS) + 1)
        if counts
    )


def is_serious(counts: Counts) -> bool:
    return counts["critical"] + counts["high"] > 0


def add(outcome: Outcome, detected: Detections) -> Outcome:
    """Adds malware and secrets, and whether they were examined, to the outcome of a scan."""
    made: Outcome = {**outcome, "examined": ["vulnerabilities"], "detections": []}
    if detected["malware"]["examined"]:
        made["examined"].append("malware")
    if detected["secrets"]["examined"]:
        made["examined"].append("secrets")
    if detected["malware"]["examined"] or detected["malware"]["found"]:
        made["malware"] = detected["malware"]["counts"]
    if detected["secrets"]["examined"] or detected["secrets"]["found"]:
        made["secrets"] = detected["secrets"]["counts"]
    made["detections"] = [*detected["malware"]["found"], *detected["secrets"]["found"]]
    if made["detections"]:
        made["verdict"] = "FINDINGS"
    return made


def _malware(name: str, row: Mapping[str, Any]) -> Detection:
    known = [_text(row.get(each)) for each in ("family", "category")]
    family = ", ".join(each for each in known if each)
    return Detection(kind="malware", name=name, severity=_malware_level(row), family=family)


def _malware_level(row: Mapping[str, Any]) -> Level:
    return _MALWARE.get(_number(row.get("severity")), "critical")


def _files_of(row: Mapping[str, Any]) -> int:
    return max(_number(row.get("layerMalwareCount")), 1)


def _is_clean(row: Mapping[str, Any]) -> bool:
    return _number(row.get("layerMalwareCount")) == 0 and _prediction(row) in _HARMLESS


def _prediction(row: Mapping[str, Any]) -> str:
    """Returns the prediction in lower case; empty if it is null."""
    value = row.get("prediction")
    return "" if value is None else str(value).strip().lower()


def _secret(entry: Mapping[str, Any]) -> Detection:
    names = [name for each in _DETECTORS if (name := _text(entry.get(each)))]
    return Detection(
        kind="secret",
        name=names[0] if names else "a detector without a name",
        severity=_secret_level(entry) or "critical",
        family=_text(entry.get("category")),
    )


def _is_secret(entry: Mapping[str, Any]) -> bool:
    named = any(_text(entry.get(each)) for each in _DETECTORS)
    return named or _secret_level(entry) is not None


def _secret_level(entry: Mapping[str, Any]) -> Level | None:
    value = entry.get("severity")
    word = value.strip().lower() if isinstance(value, str) else ""
    number = min(_number(value), max(_SECRETS))
    return next((level for level in LEVELS if level == word), _SECRETS.get(number))


def _counts(found: Iterable[tuple[Level, int]]) -> Counts:
    counts = Counts(critical=0, high=0, medium=0, low=0)
    for level, number in found:
        counts[level] += number
    return counts


def _number(value: Any) -> int:
    """Reads a whole number, also as text; -1 for anything else."""
    if isinstance(value, str) and len(value) < 10 and value.isascii() and value.isdigit():
        return int(value)
    return value if type(value) is int and 0 <= value < 10**6 else -1


def _text(value: Any) -> str:
    """Returns a name that others chose: shortened, and with `?` for what cannot be printed."""
    text = value[:_LONGEST] if isinstance(value, str) else ""
    return "".join(each if each.isprintable() else "?" for each in text).strip()
