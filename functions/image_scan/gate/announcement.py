"""Makes decisions of the gate known: as an event each, in metrics, and to people where a deployment
is stopped, would be, or has passed by break-glass.

docs/deployment-gate.md has the schema of the event and of the notification, which is the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_scan import metrics
from image_scan.gate import decision
from image_scan.notifications import chat
from image_scan.notifications.plain_text import ascii_only, plain
from image_scan.notifications.topics import Notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.contracts import Reader
    from image_scan.gate.decision import Decision, Effect
    from image_scan.gate.inputs import Rules
    from image_scan.gate.lifecycle import Call
    from image_scan.gate.services import Revision
    from image_scan.notifications.result_events import ResultEvents
    from image_scan.notifications.topics import Topics

DETAIL_TYPE = "Deployment Gate Decision"
SCHEMA = "image-scan/gate/1"
_FIRST_STAGE = "PRE_SCALE_UP"
_SAID: dict[Effect, str] = {
    "blocked": "was blocked",
    "would_block": "would have been blocked",
    "bypassed": "has passed by break-glass",
}
_NEXT: dict[Effect, str] = {
    "blocked": "Deploy an image that the policy allows, or one that ran in this service lately; in "
    "an emergency open the gate for a time with the tag of the service.",
    "would_block": "Fix it before the gate enforces: then ECS rolls such a deployment back.",
    "bypassed": "Remove the tag of the service when the emergency is over.",
}


@dataclass(frozen=True)
class Announcer:
    """`topics` connects to SNS, which most decisions do not need."""

    events: ResultEvents
    topics: Callable[[], Topics]

    def announce(
        self, call: Call, revision: Revision | None, decided: Decision, rules: Rules
    ) -> None:
        """Counts a decision, notifies people of it, and puts its event.

        Raises AwsUnavailable or AwsRejected; an event is put even if nobody could be notified.
        """
        content = compose(call, revision, decided, rules)
        effect: Effect = content["effect"]
        metrics.count("GateDecisions", Effect=effect)
        is_undecided = decided.result == "undecided" and not decided.waiting
        metrics.count("GateUndecided", int(is_undecided and effect != "bypassed"))
        try:
            if effect in _SAID and not (effect == "would_block" and _is_known(call, decided)):
                self.topics().publish(notification(content))
        finally:
            self.events.send(DETAIL_TYPE, content)


def _is_known(call: Call, decided: Decision) -> bool:
    """Whether people were notified of the same before, at an earlier stage of this deployment. At
    the first stage there is none. Details that somebody else wrote may say so: what is blocked or
    bypassed is notified all the same."""
    return call.stage != _FIRST_STAGE and call.details.get("mark") == decided.mark


def compose(
    call: Call, revision: Revision | None, decided: Decision, rules: Rules
) -> dict[str, Any]:
    """Returns the JSON of a decision. The `revision` is None where it could not be read."""
    _, _, _, region, account, resource = call.deployment_arn.split(":", 5)
    _, cluster, service, *_ = [*resource.split("/"), "", ""]
    return {
        "schema": SCHEMA,
        "effect": decision.effect(decided, rules),
        "decision": decided.result,
        "mode": rules.mode,
        "stage": call.stage,
        "bypass_until": decided.bypass_until,
        "reasons": decided.reasons,
        "deployment": {
            "arn": call.deployment_arn,
            "revision": call.revision_arn,
            "account": account,
            "region": region,
            "cluster": cluster,
            "service": service,
            "task_definition": revision.task_definition if revision else "",
        },
        "images": [
            {
                "uri": each.image.uri,
                "digest": each.image.digest,
                "decision": each.result,
                "why": each.why,
                "reason": each.reason,
            }
            for each in decided.images
        ],
    }


def notification(content: dict[str, Any]) -> Notification:
    """Makes the notification of a decision, with a text for each kind of reader."""
    title, listed = headline(content), lines(content)
    deployment = content["deployment"]
    texts: dict[Reader, str] = {
        "people": "\n".join([title, "", *listed, "", f"Next: {_NEXT[content['effect']]}"]) + "\n",
        "phones": title[:140],
        "chat": json.dumps(chat.custom(title, listed)),
        "machines": json.dumps(content),
    }
    attributes: Any = {"effect": {"DataType": "String", "StringValue": content["effect"]}}
    for name in ("account", "region", "cluster", "service"):
        if deployment[name]:
            values = json.dumps([deployment[name]])
            attributes[name] = {"DataType": "String.Array", "StringValue": values}
    service = ascii_only(deployment["service"])[:60]
    return Notification(f"Gate: {service} {_SAID[content['effect']]}", texts, attributes)


def headline(content: dict[str, Any]) -> str:
    """Returns `Deployment gate: web was blocked`."""
    service = plain(content["deployment"]["service"])
    return f"Deployment gate: {service} {_SAID[content['effect']]}"


def lines(content: dict[str, Any]) -> list[str]:
    deployment = content["deployment"]
    where = f"account {deployment['account']}, {deployment['region']}, {deployment['cluster']}"
    until = f", until {content['bypass_until']}" if content["bypass_until"] else ""
    return [
        plain(f"Service     {deployment['service']} ({where})"),
        plain(f"Deployment  {deployment['arn']}"),
        f"Stage       {plain(content['stage'])}, mode {content['mode']}{until}",
        *(plain(f"Reason      {each}", 600) for each in content["reasons"]),
    ]
