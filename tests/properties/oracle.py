"""What a conversation with Qualys proves of an image, by the vendor's documentation alone.

Written without a line of the product, and stricter: the product may give up where this would not,
but a verdict that it gives must be one that follows from what arrived.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import requests

    from image_scan.contracts import Image, Status
    from image_scan.results import Outcome
    from tests.properties.wire import Request

    Received = list[tuple[Request, requests.Response]]

SKEW_MS = 120_000
# Qualys' own time of the request counts instead of ours, unless it is plainly another's.
_SAME_TIME_MS = 3_600_000
_LATEST = 253_402_300_799_000  # the end of the year 9999
_ENDED_CHECKS = 5
_LEVELS = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low"}
_IMAGES = "/csapi/v1.3/images"
_SCAN_TIMES = ("lastVmScanDate", "lastScanned", "lastScannedDate")
_NOTHING = object()


class Proof(NamedTuple):
    """What the vulnerability call of an image lists, each finding once, over all of its pages that
    arrived."""

    entries: list[Any]
    summaries: list[Any]
    aside: list[Any]  # entries under a second name, beside the documented list


# --- JSON ---------------------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice: which of the two counts is anyone's guess")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def document(response: requests.Response) -> Any:
    """The document of a 200, by RFC 8259: UTF-8, each name once, no NaN. Else _NOTHING."""
    if response.status_code != 200:
        return _NOTHING
    try:
        text = response.content.decode(json.detect_encoding(response.content))
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _NOTHING


def number(value: Any) -> float:
    """How many a count says, in whatever form; 0 when it says nothing."""
    if isinstance(value, str):
        return float(value) if re.fullmatch("[0-9]+", value.strip(), re.ASCII) else 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return 0
    return float("inf") if value > 10**300 else value


def by_severity(counts: Any, pattern: str) -> float:
    if not isinstance(counts, dict):
        return 0
    return sum(number(counts.get(pattern.format(level))) for level in range(1, 6))


# --- images -------------------------------------------------------------------------------------


def time_of(value: Any) -> int:
    """A time in milliseconds, as a number or as text; 0 for what no calendar knows."""
    at = number(value)
    return int(at) if at <= _LATEST else 0


def scanned_at(record: dict[str, Any]) -> int:
    return next((at for name in _SCAN_TIMES if (at := time_of(record.get(name)))), 0)


def _bare(digest: Any) -> str:
    return digest.removeprefix("sha256:").lower() if isinstance(digest, str) else ""


def _host(registry: Any) -> str:
    text = registry.lower() if isinstance(registry, str) else ""
    return re.sub("^https?://", "", text).rstrip("/")


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def is_of(record: dict[str, Any], image: Image) -> bool:
    """Section 6.4: sha is the config digest or a manifest's, repoDigests are what was pulled."""
    if image["manifests"]:
        pulled = {_bare(each) for each in image["manifests"]}
        configs = {_bare(each) for each in image["configs"]}
        return _bare(record.get("sha")) in pulled | configs or bool(pulled_by(record) & pulled)
    return any(
        (_host(each.get("registry")), each.get("repository"), each.get("tag"))
        == (image["host"], image["repository"], image["tag"])
        for each in _objects(record.get("repo"))
    )


def pulled_by(record: dict[str, Any]) -> set[str]:
    return {_bare(each.get("digest")) for each in _objects(record.get("repoDigests"))}


def records(notified: Received) -> list[dict[str, Any]]:
    """Every image that arrived, from details and from lists."""
    found: list[Any] = []
    for request, response in notified:
        if (stated := document(response)) is _NOTHING:
            continue
        if request.path == _IMAGES:
            found += _objects(stated.get("data") if isinstance(stated, dict) else stated)
        elif re.fullmatch(f"{_IMAGES}/[0-9a-f]{{64}}", request.path):
            found += _objects([stated])
    return found


def counted(record: dict[str, Any]) -> float:
    """The most findings that any count of an image's record shows."""
    shown = record.get("vulnerabilities")
    return max(
        len({key(each) for each in shown})
        if isinstance(shown, list)
        else by_severity(shown, "severity{}Count"),
        number(record.get("totalVulCount")),
        number(record.get("totalVulnCount")),
    )


def severe(entries: Any) -> int:
    """How many are of the severities that somebody is notified of, by Qualys or by the customer."""
    names = ("severity", "customerSeverity")
    found = _objects(entries)
    return len({key(one) for one in found if {str(one.get(name)) for name in names} & {"4", "5"}})


def counted_severe(record: dict[str, Any]) -> float:
    shown = record.get("vulnerabilities")
    if isinstance(shown, dict):
        return sum(number(shown.get(f"severity{level}Count")) for level in (4, 5))
    return severe(shown)


# --- vulnerabilities ----------------------------------------------------------------------------


def listed(stated: Any) -> list[Any] | None:
    """The entries by any of the shapes of section 7 and 13; None when it is none of them."""
    if isinstance(stated, dict):
        if "details" not in stated:
            return stated.get("data") or None
        stated = stated["details"]
        if isinstance(stated, dict):
            stated = stated.get("vulns", [stated])
    return stated if isinstance(stated, list) else None


def _aside(stated: Any) -> list[Any]:
    if not isinstance(stated, dict) or "details" not in stated:
        return []
    found = [stated, stated["details"]] if isinstance(stated["details"], dict) else [stated]
    return [
        entry
        for each in found
        for name in ("data", "vulnerabilities")
        for entry in _objects(each.get(name))
    ]


def proof(notified: Received, sha: str, apply_exceptions: str) -> Proof | None:
    """The last answer for each page; None without a readable first one."""
    pages: dict[int, requests.Response] = {}
    for request, response in notified:
        if request.path == f"{_IMAGES}/{sha}/vuln" and request.query["applyException"] == [
            apply_exceptions
        ]:
            pages[int(request.query.get("pageNumber", ["1"])[0])] = response
    if 1 not in pages:
        return None
    entries: list[Any] = []
    summaries, aside = [], []
    for page, response in sorted(pages.items()):
        stated = document(response)
        shown = None if stated is _NOTHING else listed(stated)
        if shown is None:
            if page == 1:
                return None
            continue
        if isinstance(stated, dict):
            summaries.append(stated.get("vulnSummary"))
        aside += _aside(stated)
        entries += shown
    return Proof(once(entries), summaries, aside)


def key(entry: Any) -> str:
    """What a finding is: its QID, what it is in and where that lies. All else may move."""
    if not isinstance(entry, dict):
        return json.dumps(entry)
    software = _objects(entry.get("software"))
    names = ("name", "version", "packagePath")
    packages = sorted({json.dumps([_plain(each.get(name)) for name in names]) for each in software})
    where = [_plain(entry.get(name)) for name in ("port", "layerSha")]
    return json.dumps([str(entry.get("qid")), packages, where])


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""


def once(entries: list[Any]) -> list[Any]:
    """Each finding as the worst that is listed of it."""
    groups: dict[str, list[Any]] = {}
    for each in entries:
        groups.setdefault(key(each), []).append(each)
    return [found[0] if len(found) == 1 else _worst(found) for found in groups.values()]


def _worst(found: list[Any]) -> dict[str, Any]:
    kinds = [kind({**each, "isExempted": False}) for each in found]
    types = {"counts": "CONFIRMED", "potential": "POTENTIAL", "info": "INFO"}
    return {
        **found[0],
        "severity": max((number(each.get("severity")) for each in found), default=0),
        "customerSeverity": max(severity(each) for each in found),
        "typeDetected": next(types[name] for name in types if name in kinds),
        "isExempted": all(each.get("isExempted") is True for each in found),
    }


def kind(entry: Any) -> str:
    """Section 7: typeDetected CONFIRMED or POTENTIAL; what does not say counts as confirmed."""
    if entry.get("isExempted") is True:
        return "exempted"
    stated = entry.get("typeDetected")
    stated = stated.upper() if isinstance(stated, str) else ""
    return (
        "potential" if stated == "POTENTIAL" else "info" if stated.startswith("INFO") else "counts"
    )


def severity(entry: Any) -> int:
    """The customer's where it is one, else the vendor's."""
    for name in ("customerSeverity", "severity"):
        value = entry.get(name)
        if type(value) is int and value in _LEVELS:
            return value
        if isinstance(value, str) and value in ("1", "2", "3", "4", "5"):
            return int(value)
    raise AssertionError(f"an entry without a severity was counted: {entry}")


def counts(entries: list[Any], of: str) -> dict[str, int]:
    found = Counter(_LEVELS[severity(each)] for each in entries if kind(each) == of)
    return {level: found[level] for level in ("critical", "high", "medium", "low")}


def _vouches(summary: Any) -> bool:
    """A whole summary: both kinds, all five counts, as numbers."""
    return isinstance(summary, dict) and all(
        isinstance(summary.get(each), dict)
        and all(type(summary[each].get(f"sev{level}Count")) is int for level in range(1, 6))
        for each in ("confirmed", "potential")
    )


# --- verdicts -----------------------------------------------------------------------------------


def check_completion(
    image: Image, submitted_at: int, ended_before: int, status: Status, notified: Received
) -> list[dict[str, Any]]:
    """A complete status is one of a scan of our image; gives its records."""
    ours = [
        each
        for each in records(notified)
        if is_of(each, image)
        and _bare(each.get("sha")) == status["sha"]
        and scanned_at(each) == status["scanned_at"]
    ]
    assert ours, "no image of ours was listed with this sha and scan time"
    assert any(
        not each.get("scanErrorCode") and each.get("scanStatus") in (None, "", "SUCCESS")
        for each in ours
    ), "its scan has failed"
    assert image["manifests"] or status["doubt"], "nothing says which image it was"
    if image["digest"] and not image["certain"] and not status["doubt"]:
        assert any(_bare(image["digest"]) in pulled_by(each) for each in ours), (
            "an image of an index that Qualys was not seen to pull by it"
        )
    if status["fresh"]:
        requests_at = [submitted_at]
        for request, response in notified:
            if not request.path.endswith("/schedule"):
                continue
            stated = document(response)
            rows = stated.get("data") if isinstance(stated, dict) else stated
            created = [time_of(row.get("created")) for row in _objects(rows)]
            requests_at += [at for at in created if abs(at - submitted_at) <= _SAME_TIME_MS]
        assert status["scanned_at"] >= min(requests_at) - SKEW_MS, "an old result passes as fresh"
    else:
        assert ended_before >= _ENDED_CHECKS - 1, "an old result was taken too early"
        assert image["digest"], "an old result of what is known by its tag only"
    return ours


def check_verdict(
    status: Status, outcome: Outcome, ours: list[dict[str, Any]], notified: Received
) -> None:
    """Each number of the outcome is that of the entries; CLEAN needs every count to agree."""
    shown = proof(notified, status["sha"], "true")
    assert shown is not None, "a verdict without a readable list"
    entries = shown.entries
    assert outcome["counts"] == counts(entries, "counts")
    assert outcome["potential"] == counts(entries, "potential")
    marked = sum(kind(each) == "exempted" for each in entries)
    assert outcome["exempted"] >= marked
    confirmed = sum(counts(entries, "counts").values())
    assert outcome["verdict"] == ("FINDINGS" if confirmed else "CLEAN")
    assert confirmed or not status["doubt"], "in doubt, and called clean"
    worst = sorted((severity(each) for each in entries if kind(each) == "counts"), reverse=True)
    assert [each["severity"] for each in outcome["top"]] == worst[:10]
    assert outcome["scanned_at"] == status["scanned_at"]
    assert outcome["config_digest"] == f"sha256:{status['sha']}"
    assert status["fresh"] or "did not scan again" in outcome["reason"]
    if outcome["verdict"] == "CLEAN":
        _check_clean(status, shown, marked, ours, notified)


def _check_clean(
    status: Status, shown: Proof, marked: int, ours: list[dict[str, Any]], notified: Received
) -> None:
    entries = shown.entries
    assert not [each for each in shown.aside if kind(each) == "counts"], "findings stand aside"
    for summary in shown.summaries:
        kinds = summary if isinstance(summary, dict) else {}
        confirmed = by_severity(kinds.get("confirmed"), "sev{}Count")
        potential = by_severity(kinds.get("potential"), "sev{}Count")
        assert confirmed <= marked, "its own summary counts confirmed ones"
        assert confirmed + potential <= len(entries), "its own summary counts more"
    explained, severe_ones = len(entries), severe(entries)
    if everything := proof(notified, status["sha"], "false"):
        known = {key(each) for each in entries}
        hidden = [each for each in everything.entries if key(each) not in known]
        unmarked = any(kind(each) == "counts" for each in hidden)
        if not unmarked or _vouches(shown.summaries[0] if shown.summaries else None):
            explained += len(hidden)
            severe_ones = severe([*entries, *hidden])
    for record in ours:
        assert counted(record) <= explained, "the image's record counts more"
        assert counted_severe(record) <= severe_ones, "the image's record counts worse"
    for request, response in notified:
        if request.path == f"{_IMAGES}/{status['sha']}/vuln/count":
            stated = document(response)
            assert by_severity(stated, "severity{}Count") <= explained, "the count has more"
