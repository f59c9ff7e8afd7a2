"""A notification for Slack and Microsoft Teams, by Amazon Q Developer in chat applications.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from image_scan.notifications import email, lead
from image_scan.notifications.plain_text import counted, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_FINDINGS = 5
_MOST_WORKLOADS = 5
_LONGEST = 7000  # characters; the schema takes 8,000 of a description
_LINKS = {
    "qualys": "the image in Qualys",
    "image": "the image in ECR",
    "execution": "the execution",
}
_ICONS = {"FINDINGS": ":rotating_light:", "UNSCANNABLE": ":grey_question:"}


def notification(notice: dict[str, Any]) -> dict[str, Any]:
    """Makes a custom notification of what `message.compose` returns."""
    image = notice["image"]
    headline = lead.headline(notice)
    reason = notice["reason"]
    lines = [_escaped(plain(reason, 2000))] if reason else []
    lines += [f"*{name}* {_escaped(words)}" for name, words in lead.lines(notice) if name != "Next"]
    lines += [_escaped(asked)] if (asked := email.requests(notice)) else []
    lines += [f"*Image* {_escaped(plain(image['uri']))}"]
    lines += [f"*Digest* {_escaped(plain(image['digest']))}"] if image["digest"] else []
    if fixable := notice.get("fixable"):
        lines += [f"*Fixable* {fixable['critical']} critical, {fixable['high']} high"]
    lines += [f"*{name}* {words}" for name, words in email.examined(notice)]
    for listed in (email.workloads, email.registered):
        lines += [f"• {_escaped(line)}" for line in listed(notice, _MOST_WORKLOADS)]
    if detected := email.detections(notice):
        lines += ["*Malware and secrets*", *(f"• {_escaped(line)}" for line in detected)]
    if notice["findings"]:
        lines += ["*Worst findings*"]
        worst = email.findings(notice, _MOST_FINDINGS)
        lines += [f"• {_escaped(line)}" for line in worst]
    links = [(name, notice["links"][name]) for name in _LINKS if name in notice["links"]]
    lines += [f"<{url}|Open {_LINKS[name]}>" for name, url in links]
    accounts = "" if notice.get("stopped_by") else lead.accounts(notice)
    title = f"{headline} ({accounts})" if accounts else headline
    shown = _message(f"{_ICONS.get(notice['verdict'], ':warning:')} {_escaped(title)}", lines)
    shown["content"]["nextSteps"] = lead.next_steps(notice)
    shown["metadata"] = {
        "threadId": image["digest"] or plain(image["uri"]),
        "summary": _escaped(headline)[:250],
        "eventType": notice["verdict"],
    }
    return shown


def custom(title: str, *sections: list[str]) -> dict[str, Any]:
    """Makes a custom notification that is not about one image. Where not all lines have room,
    the longest section loses its last ones and says how many, so that none hides another."""
    return _message(title, *([_escaped(line) for line in section] for section in sections))


def _message(title: str, *sections: list[str]) -> dict[str, Any]:
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title[:250],
            "description": "\n".join(_fitting(sections)),
        },
    }


def _fitting(sections: Sequence[list[str]]) -> Iterator[str]:
    """Returns the lines that there is room for."""
    numbers = [len(section) for section in sections]
    sizes = [sum(len(line) + 1 for line in section) for section in sections]
    while sum(sizes) > _LONGEST:
        longest = sizes.index(max(sizes))
        numbers[longest] -= 1
        sizes[longest] -= len(sections[longest][numbers[longest]]) + 1
    for section, number in zip(sections, numbers, strict=True):
        yield from section[:number]
        if more := len(section) - number:
            yield f"and {counted(more, 'more line')}: the e-mail has them"


def _escaped(text: str) -> str:
    """Escapes mentions, links and markup, because others choose the names in a text."""
    for sign, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, shown)
    return re.sub(r"([*_~`@|\[\]]|:(?=//))", "\\1\u200b", text)
