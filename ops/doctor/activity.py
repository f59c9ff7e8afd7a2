"""Checks recent activity: the last scans, events in queues, and subscriptions to topics."""

from botocore.exceptions import ClientError

from ops.doctor.aws_errors import is_missing
from ops.doctor.findings import Finding, failed, passed, unknown
from ops.doctor.here import Here

_LAST = 10
_IN_A_ROW = 3
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def scans_succeed(here: Here) -> Finding:
    """Checks the last scans that ended. A single failure may be caused by its image."""
    try:
        answer = here.client("stepfunctions").list_executions(
            stateMachineArn=here.machine_arn("scan"), maxResults=_LAST * 5
        )
    except ClientError as error:
        if not is_missing(error):
            raise
        return unknown(f"state machine {here.name('scan')} does not exist: see machine-roles")
    ended = [each for each in answer["executions"] if each["status"] != "RUNNING"][:_LAST]
    if not ended:
        return unknown("no scan has ended yet", here.make("scan", IMAGE="<uri>"))
    broken = [each for each in ended if each["status"] != "SUCCEEDED"]
    if all(each["status"] != "SUCCEEDED" for each in ended[:_IN_A_ROW]):
        end = _end_of(here, ended[0]["executionArn"])
        remedies = {
            "QualysUntrusted": f"{here.deploy} CA_BUNDLE=<file>",
            "ProxyUnauthorized": "write proxy_user and proxy_password into the secret",
        }
        remedy = next(
            (each for error, each in remedies.items() if error in end), here.make("status")
        )
        reason = f"{len(broken)} of the last {len(ended)} scans failed, the newest by {end}"
        return failed(reason, remedy)
    return passed(f"{len(ended) - len(broken)} of the last {len(ended)} succeeded")


def _end_of(here: Here, execution_arn: str) -> str:
    """Returns verdict and reason, which may quote Qualys; the status if there is neither."""
    end = here.client("stepfunctions").describe_execution(executionArn=execution_arn)
    text = f"{end.get('error') or end['status']}: {end.get('cause', '')}".rstrip(": ")
    return "".join(each if each.isprintable() else " " for each in text[:200])


def failed_events(here: Here) -> Finding:
    return _empty(here, "failed-events", here.make("redrive"))


def undelivered_events(here: Here) -> Finding:
    return _empty(here, "undelivered-events", here.make("redrive"))


def unforwarded_events(here: Here) -> Finding:
    """Checks a spoke's queue. Its events go to the hub's intake, with the hub's credentials."""
    return _empty(here, "unforwarded-events", here.make("redrive"))


def topics_subscribed(here: Here) -> Finding:
    """Checks that somebody has subscribed to notifications and alarms, and confirmed it."""
    found: dict[str, list[str]] = {}
    for reader, arn in here.topic_arns.items():
        try:
            found[reader] = _subscriptions(here, arn)
        except ClientError as error:
            if not is_missing(error):
                raise
            return failed(f"topic {arn.rpartition(':')[2]} does not exist", here.deploy)
    confirmed = {
        reader: sum(arn.startswith("arn:") for arn in arns) for reader, arns in found.items()
    }
    if number := sum(confirmed.values()):
        by_topic = (f"{reader} {count}" for reader, count in confirmed.items() if count)
        return passed(f"{number} confirmed: {', '.join(by_topic)}")
    if any(found.values()):
        return failed(
            "no subscription to a topic is confirmed",
            "follow the link that AWS has mailed to the address",
        )
    return failed(
        "nobody has subscribed to a topic",
        here.aws(
            "sns subscribe",
            topic_arn=here.topic_arns["people"],
            protocol="email",
            notification_endpoint="security@example.com",
        ),
    )


def _subscriptions(here: Here, topic_arn: str) -> list[str]:
    """Returns ARNs of subscriptions, or a placeholder for one that is not confirmed."""
    pages = here.client("sns").get_paginator("list_subscriptions_by_topic")
    return [
        str(each["SubscriptionArn"])
        for page in pages.paginate(TopicArn=topic_arn)
        for each in page["Subscriptions"]
    ]


def _empty(here: Here, suffix: str, remedy: str) -> Finding:
    name = here.name(suffix)
    if (queue := here.queue(suffix)) is None:
        return failed(f"queue {name} does not exist", here.deploy)
    count = sum(int(queue.get(depth, 0)) for depth in _DEPTHS)
    if count:
        return failed(f"{name} holds {count} event{'s' if count > 1 else ''}", remedy)
    return passed(f"{name} is empty")
