"""Where EventBridge may deliver, and where the rest goes."""

import json

from tests.sandbox.account import Account, Json, allow, eventually
from tests.sandbox.events import put


def dead_letters(account: Account) -> tuple[str, str]:
    """A queue that takes any undelivered event of the account."""
    arn = f"arn:aws:sqs:us-east-1:{account.id}:dlq"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
    }
    return account.queue("dlq", {"Version": "2012-10-17", "Statement": [statement]})


def reason(message: Json) -> str:
    return str(message["MessageAttributes"]["ERROR_CODE"]["StringValue"])


def test_a_target_role_must_be_allowed(account: Account) -> None:
    url, dlq = dead_letters(account)
    machine = account.machine("m", {"StartAt": "P", "States": {"P": {"Type": "Succeed"}}})
    roles = {
        "right": account.role("right", "events", allow("states:StartExecution", resource=machine)),
        "other": account.role("other", "events", allow("states:StartExecution", resource="arn:x")),
        "trust": account.role("trust", "lambda"),
    }
    states = account.client("stepfunctions")
    for role in roles.values():
        target = {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": dlq}}
        rule = account.rule("start", {"source": ["mine"]}, target)
        put(account)
    assert len(states.list_executions(stateMachineArn=machine)["executions"]) == 1
    stored = account.messages(url)
    assert [reason(message) for message in stored] == ["NO_PERMISSIONS"] * 2
    assert json.loads(stored[0]["Body"])["detail"] == {"n": 1}
    assert stored[0]["MessageAttributes"]["RULE_ARN"]["StringValue"] == rule
    assert stored[0]["MessageAttributes"]["TARGET_ARN"]["StringValue"] == machine


def test_a_function_must_let_the_rule_in(account: Account) -> None:
    url, dlq = dead_letters(account)
    function = account.function("f", "def handler(event, context):\n    print('ran')\n")
    target = {"Arn": function, "DeadLetterConfig": {"Arn": dlq}}
    rule = account.rule("r", {"source": ["mine"]}, target)
    put(account)
    assert reason(account.message(url)) == "NO_PERMISSIONS"
    account.client("lambda").add_permission(
        FunctionName="f",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    put(account)
    logs = account.client("logs")

    def ran() -> bool:
        return bool(logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/f")["logGroups"])

    eventually(ran)
    assert account.messages(url) == []


def test_a_queue_must_let_the_rule_in(account: Account) -> None:
    dead, dlq = dead_letters(account)
    url, arn = account.queue("closed")
    account.rule("r", {"source": ["mine"]}, {"Arn": arn, "DeadLetterConfig": {"Arn": dlq}})
    put(account)
    assert account.messages(url) == []
    assert reason(account.message(dead)) == "NO_PERMISSIONS"


def test_a_missing_target_is_a_dead_letter(account: Account) -> None:
    url, dlq = dead_letters(account)
    arn = f"arn:aws:lambda:us-east-1:{account.id}:function:absent"
    account.rule("r", {"source": ["mine"]}, {"Arn": arn, "DeadLetterConfig": {"Arn": dlq}})
    put(account)
    assert reason(account.message(url)) == "RESOURCE_NOT_FOUND"


def test_a_dead_letter_queue_must_let_the_rule_in(account: Account) -> None:
    url, dlq = account.queue("dlq")
    arn = f"arn:aws:lambda:us-east-1:{account.id}:function:absent"
    account.rule("r", {"source": ["mine"]}, {"Arn": arn, "DeadLetterConfig": {"Arn": dlq}})
    put(account)
    assert account.messages(url) == []
