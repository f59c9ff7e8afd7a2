"""The three sources that may hold the version which fixes a finding.

The finding's own `software`, the `softwares` of the image's details, which name findings by QID,
and the table in the finding's `result`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.qualys.answers import Json
from sandbox.qualys.behaviours import Behaviour
from sandbox.qualys.findings import severity_counts

_COLUMNS = ["Package", "Installed_Version", "Required_Version"]


def shown(finding: Json, switches: Behaviour) -> Json:
    """A finding as the calls show it; a `result` that was given is shown as it was given."""
    software = finding["software"]
    made = {**finding, "software": _software(software, "vulnerability", switches)}
    if finding["result"] is None:
        made["result"] = _table(software if "table" in switches.fix_sources else [], switches)
    if switches.vuln_software == "null":
        made["software"] = None
    elif switches.vuln_software == "absent":
        del made["software"]
    return made


def softwares(findings: Iterable[Json], switches: Behaviour) -> list[Json]:
    """The software of an image, each package once, and what is found in it."""
    rows: dict[str, tuple[Json, list[Json]]] = {}
    for finding in findings:
        for one in _software(finding["software"], "image", switches):
            _, found = rows.setdefault(json.dumps(one, sort_keys=True), (one, []))
            found.append(finding)
    form = switches.software_vulnerabilities
    return [{**one, "vulnerabilities": _found(found, form)} for one, found in rows.values()]


def _software(software: Iterable[Json], source: Any, switches: Behaviour) -> list[Json]:
    if source in switches.fix_sources:
        return list(software)
    return [{**one, "fixVersion": None} for one in software]


def _found(findings: Iterable[Json], form: str) -> Any:
    """The same key holds an array of QIDs, whole objects, counts, or null, by call and client."""
    forms = {
        "qids": [{"qid": one["qid"]} for one in findings],
        "objects": list(findings),
        "counts": severity_counts(findings),
    }
    return forms.get(form)


def _table(software: Iterable[Mapping[str, Any]], switches: Behaviour) -> str:
    """As documented: cells apart by a blank, underscores inside of them doubled."""
    forms = switches.result_table
    end = ["/usr/lib/x"] if "more_columns" in forms else []
    header = [*_COLUMNS, *(["Path"] if end else [])]
    rows = [
        [_cell(one["name"]), _cell(one["version"]), _cell(one["fixVersion"]), *end]
        for one in software
        if one["fixVersion"]
    ]
    if "repeated" in forms:
        rows = [*rows, *rows]
    between = "\t" if "tabs" in forms else " "
    lines = [between.join(each) for each in [header, *rows]]
    if "prose" in forms:
        lines = ["Detected on port 22", *lines, "", "Not vulnerable: kernel 5"]
    return "\n".join([f'#table cols="{len(header)}"', *lines])


def _cell(text: Any) -> str:
    """A package's architecture is in the lists of software alone."""
    return str(text).removesuffix(":amd64").replace("_", "__")
