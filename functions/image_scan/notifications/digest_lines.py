"""The lists of the digest in words, for e-mail and chat. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.notifications.plain_text import counted, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHOWN = 3  # workloads of an image, or findings of a workload
_LISTS = ("unscannable", "failed", "registered")


def sections(content: Mapping[str, Any]) -> list[list[str]]:
    """Returns the lines of each list, some of them empty."""
    images = [_image_lines(content, name) for name in _LISTS]
    others = _lapsing_lines(content), _unread_lines(content)
    return [list(_overdue_lines(content)), *images, *(list(each) for each in others)]


def _unread_lines(content: Mapping[str, Any]) -> Iterator[str]:
    for each in content["unread"]:
        yield plain(f"{each['account']} {each['region']} was not read: {each['reason']}", 600)
    if more := content["unread_total"] - len(content["unread"]):
        yield f"and {more} more regions of accounts"


def _lapsing_lines(content: Mapping[str, Any]) -> Iterator[str]:
    for each in content["lapsing"]:
        account = f" of account {each['account_id']}" if each["account_id"] else ""
        what = f"{each['finding']} in {each['repository']}{account}"
        why = f"accepted by an exception of {each['owner']} until {each['until']}: {each['reason']}"
        yield plain(f"{what}, {why}", 600)


def _overdue_lines(content: Mapping[str, Any]) -> Iterator[str]:
    for each in content["overdue"]:
        first = each["findings"][0]["due"]
        number = counted(each["findings_total"], "finding")
        yield plain(f"{each['uri']}: {number} overdue, the first since {first}", 600)
        team = f", team {each['team']}" if each["team"] else ""
        yield f"  {plain(each['workload'] + team)}"
        shown = each["findings"][:SHOWN]
        for finding in shown:
            age = f"open for {counted(finding['open_days'], 'day')}, due {finding['due']}"
            yield f"  {plain(finding['finding'])}, {finding['severity']}, {age}"
        if more := each["findings_total"] - len(shown):
            yield f"  and {more} more"
    shown_of = {each["workload"] for each in content["overdue"]}
    if more := content["overdue_workloads"] - len(shown_of):
        yield f"and {more} more workloads with overdue findings"


def _image_lines(content: Mapping[str, Any], name: str) -> list[str]:
    found = []
    for each in content[name]:
        found.append(plain(f"{each['uri']}: {each['reason']}", 600))
        shown = each["workloads"][:SHOWN]
        found += [f"  {plain(workload)}" for workload in shown]
        if more := each["workloads_total"] - len(shown):
            found.append(f"  and {more} more")
    if more := content[f"{name}_total"] - len(content[name]):
        found.append(f"and {more} more images")
    return found
