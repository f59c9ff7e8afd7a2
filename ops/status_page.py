"""How `status` shows what it has read."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from image_scan.notifications.plain_text import counted
from ops.printing import facts, image, minute, table
from ops.where import STYLES

Json = dict[str, Any]
# An alarm without data has seen nothing that it would measure.
_STATES = {"ALARM": "in alarm", "INSUFFICIENT_DATA": "without data yet"}


def show(found: Mapping[str, Any], make: Callable[..., str], console: Console) -> None:
    """Prints a table of the last scans, then facts of the installation. `make` writes commands."""
    if found["scans"] is not None:
        _show_scans(found["scans"], found["installation"], console)
    installation = found["installation"]
    title = (
        f"{installation['name_prefix']} in {installation['account_id']}, {installation['region']}"
    )
    console.print(Text(title, style="bold"), soft_wrap=True)
    facts(_facts(found, make), console)


def _facts(found: Mapping[str, Any], make: Callable[..., str]) -> Iterator[tuple[str, Text]]:
    """Yields what could be read, then what could not."""
    if found["functions"]:
        yield "version", _version(found["functions"], found["version"])
        yield "functions", _code(found["functions"])
    yield "this clone", Text(f"{found['version']}, {found['checkout'] or 'not a git checkout'}")
    if intake := found["intake_last_day"]:
        taken = f"{intake['ExecutionsStarted']} taken, {_failures(intake)} failed"
        yield "events, 1 day", Text(taken)
    if cache := found["cache"]:
        known = ", ".join(f"{n} {status}" for status, n in cache["known"].items())
        yield "cache", Text(known or "empty")
    if "coverage" not in found["refused"]:
        yield "coverage", _covered(found["coverage"], make)
    prefix = f"{found['installation']['name_prefix']}-"
    for queue in found["queues"] or ():
        style = "red" if queue["messages"] else "green"
        yield (
            queue["name"].removeprefix(prefix),
            Text(counted(queue["messages"], "event"), style=style),
        )
    yield from _alarms(found["alarms"] or [])
    for name, why in found["refused"].items():
        yield name.replace("_", " "), Text(why, style="yellow")


def _alarms(alarms: list[Json]) -> Iterator[tuple[str, Text]]:
    states = Counter(_STATES.get(alarm["state"], alarm["state"]) for alarm in alarms)
    if states:
        yield "alarms", Text(", ".join(f"{n} {state}" for state, n in sorted(states.items())))
    for alarm in alarms:
        if alarm["state"] == "ALARM":
            yield alarm["name"], Text(f"ALARM {alarm['reason']}", style="red")


def _failures(intake: Mapping[str, int]) -> int:
    return intake["ExecutionsFailed"] + intake["ExecutionsTimedOut"]


def _version(functions: list[Json], local: str) -> Text:
    """What is deployed, and a hint if that is not the version of this clone."""
    deployed = {each["version"] for each in functions if "problem" not in each}
    if deployed == {local}:
        return Text(local)
    shown = " and ".join(sorted(each or "before 0.1.0" for each in deployed)) or "unknown"
    hint = f"{shown}: deploy again for {local}, or use a clone of the version that is deployed"
    return Text(hint, style="yellow")


def _code(functions: list[Json]) -> Text:
    """Runtime and code in one line when all functions agree, what is wrong otherwise."""
    if problems := [each["problem"] for each in functions if "problem" in each]:
        return Text("; ".join(problems), style="red")
    if len({each["code_sha256"] for each in functions}) > 1:
        return Text("not all of one version: make deploy", style="yellow")
    first = functions[0]
    words = f"{len(functions)}, {first['runtime']}, code {first['code_sha256'][:12]}"
    return Text(f"{words}, deployed {minute(max(each['changed'] for each in functions))} UTC")


def _covered(coverage: Json | None, make: Callable[..., str]) -> Text:
    if coverage is None:
        return Text(f"not known before the first reconciliation: `{make('backfill')}` does it now")
    fresh, running = coverage["fresh_verdicts"], coverage["running_images"]
    share = f"{coverage['coverage_percent']} %, {fresh} of {running} running images"
    if left_out := coverage.get("out_of_scope", 0):
        share = f"{share.replace('running ', '')}, {left_out} out of scope"
    return Text(f"{share}, {minute(coverage['at'])} UTC")


def _show_scans(scans: list[Json], installation: Mapping[str, str], console: Console) -> None:
    if not scans:
        console.print("No image was scanned yet.\n")
        return
    shown = table("began (UTC)", "image", "verdict", "reason", title=f"The last {len(scans)} scans")
    account_id, region = installation["account_id"], installation["region"]
    for scan in scans:
        verdict = Text(scan["verdict"], style=STYLES.get(scan["verdict"], ""))
        name = image(scan["image"], account_id, region)
        shown.add_row(minute(scan["began"]), Text(name), verdict, Text(scan["reason"]))
    console.print(shown)
