"""Runs the checks that apply here and shows the results: one line for each check, or JSON."""

import json

from rich.console import Console
from rich.text import Text

from ops.doctor.checks import CHECKS, Check
from ops.doctor.findings import Finding, Verdict
from ops.doctor.here import Here

_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.HINT: "cyan",
    Verdict.UNKNOWN: "yellow",
}
Line = tuple[Check, Finding]


def examine(here: Here, console: Console) -> list[Line]:
    """Runs the checks that apply. Shows on a terminal which check runs now."""
    chosen = [check for check in CHECKS if check.kinds & here.kinds]
    lines = []
    with console.status("Running the checks") as status:
        for check in chosen:
            status.update(f"Checking {check.name}")
            lines.append((check, check.run(here)))
    return lines


def show(here: Here, lines: list[Line], terraform: str, console: Console) -> None:
    """Prints the results. `terraform` describes the Terraform of this machine."""
    heading = f"{' and '.join(sorted(here.kinds))} {here.prefix} in {here.account_id} {here.region}"
    console.print(f"{heading}; {terraform}", style="bold", highlight=False, soft_wrap=True)
    if here.refused:
        calls = " and ".join(here.refused)
        note = f"AWS refuses {calls} to you: there may be parts that are not checked."
        console.print(note, style="yellow", highlight=False, soft_wrap=True)
    width = max(len(check.name) for check, _ in lines)
    for check, finding in lines:
        line = Text(f"{finding.verdict:<8}", style=_STYLES[finding.verdict])
        line.append(f"{check.name:<{width + 2}}", style="default")
        line.append(finding.reason, style="default not bold")
        if finding.remedy:
            line.append(f"  ->  {finding.remedy}", style="cyan not bold")
        console.print(line, soft_wrap=True)
    counts = {verdict: sum(f.verdict == verdict for _, f in lines) for verdict in Verdict}
    console.print(
        ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count),
        highlight=False,
    )


def as_json(here: Here, lines: list[Line], terraform: str) -> str:
    checks = [
        {
            "check": check.name,
            "verdict": finding.verdict,
            "reason": finding.reason,
            "remedy": finding.remedy,
        }
        for check, finding in lines
    ]
    examined = {
        "account_id": here.account_id,
        "region": here.region,
        "name_prefix": here.prefix,
        "kinds": sorted(here.kinds),
        "refused": here.refused,
        "terraform": terraform,
    }
    return json.dumps({**examined, "healthy": is_healthy(lines), "checks": checks}, indent=2)


def is_healthy(lines: list[Line]) -> bool:
    """Checks that no check has failed. Hints and unknown results do not count."""
    return all(finding.verdict is not Verdict.FAIL for _, finding in lines)
