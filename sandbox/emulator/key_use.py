"""Checks the use of customer-managed keys: a key's policy must permit each use of its resources.

On AWS, without the key nobody can use a queue, topic, table, secret, log group or trail that it
encrypts. ministack stores the key's name and checks nothing. Everybody may use keys of AWS.
"""

import contextvars
import json
import re
from typing import Any

from ministack import app
from ministack.core.arn import parse_arn
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    request_scope,
)
from ministack.services import (
    cloudtrail,
    cloudwatch_logs,
    dynamodb,
    kms,
    s3,
    secretsmanager,
    sns,
    sqs,
)

from sandbox.emulator.service_roles import caller_problem, service_allowed

Json = dict[str, Any]

WRITE = ("kms:GenerateDataKey", "kms:Decrypt")
READ = ("kms:Decrypt",)

# The access key of the caller that a service acts for; None if it acts for itself.
caller: contextvars.ContextVar[str | None] = contextvars.ContextVar("caller", default=None)


def customer_key(name: str | None) -> Json | None:
    """The customer-managed key of this account and region that a resource names, if it is one."""
    if not app.AUTH or not name or "alias/aws/" in name:
        return None
    found: Json = kms._resolve_key(name) or {"Arn": name, "Policy": "{}"}
    return None if found.get("KeyManager") == "AWS" else found


def users_problem(
    access_key: str | None, name: str | None, actions: tuple[str, ...], via: str, **facts: str
) -> str | None:
    """Why the caller may not use the key through the service `via`."""
    key = customer_key(name)
    if key is None or access_key is None:
        return None
    facts |= {"kms:viaservice": f"{via}.{get_region()}.amazonaws.com"}
    facts |= {"kms:calleraccount": get_account_id()}
    problems = (caller_problem(access_key, action, key["Arn"], facts) for action in actions)
    return next(filter(None, problems), None)


def service_problem(
    service: str, name: str | None, actions: tuple[str, ...], source_arn: str, **facts: str | None
) -> str | None:
    """Why an AWS service may not use the key for itself."""
    key = customer_key(name)
    if key is None:
        return None
    for action in actions:
        if not service_allowed(key.get("Policy"), service, action, key["Arn"], source_arn, facts):
            return f"{service} is not authorized to perform: {action} on resource: {key['Arn']}"
    return None


def _key_of(arn: str) -> str | None:
    """The key that a queue or topic is encrypted with."""
    thing = sqs._queue_by_arn(arn) or sns._topic_by_arn_any_scope(arn) or {}
    name: str | None = (thing.get("attributes") or {}).get("KmsMasterKeyId")
    return name


def delivery_problem(service: str, arn: str, source_arn: str) -> str | None:
    """Why a service cannot put a message into a queue or topic, because of the key.

    EventBridge names neither rule nor account to a key.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    spec = parse_arn(arn)
    silent = service == "events.amazonaws.com"
    facts = dict.fromkeys(("aws:sourceaccount", "aws:sourceowner")) if silent else {}
    with request_scope(spec.account_id, spec.region):
        key = _key_of(arn)
        return service_problem(service, key, WRITE, "" if silent else source_arn, **facts)


def send_problem(access_key: str, arn: str) -> str | None:
    """Why a role cannot send a message to a queue or topic, because of the key."""
    spec = parse_arn(arn)
    with request_scope(spec.account_id, spec.region):
        return users_problem(access_key, _key_of(arn), WRITE, spec.service)


def _queue_access(stock: Any, data: Json, url: str, actions: tuple[str, ...]) -> Any:
    queue = sqs._get_q(data.get("QueueUrl", url))
    name = queue["attributes"].get("KmsMasterKeyId")
    if problem := users_problem(caller.get(), name, actions, "sqs"):
        raise sqs._Err("KMS.AccessDeniedException", problem)
    return stock(data, url)


def send_message(stock: Any, data: Json, url: str) -> Any:
    """Asks the key of a queue before a message is put in; ministack asks no key."""
    return _queue_access(stock, data, url, WRITE)


def receive_message(stock: Any, data: Json, url: str) -> Any:
    """Asks the key of a queue before messages are taken; ministack asks no key."""
    return _queue_access(stock, data, url, READ)


def publish(stock: Any, params: Json) -> Any:
    """Asks the key of a topic before a message is published; ministack asks no key."""
    arn = sns._normalize_arn(sns._p(params, "TopicArn") or sns._p(params, "TargetArn"))
    topic = sns._topic_by_arn_any_scope(arn) or {}
    name = (topic.get("attributes") or {}).get("KmsMasterKeyId")
    if problem := users_problem(caller.get(), name, WRITE, "sns"):
        return sns._error("KMSAccessDenied", problem, 400)
    return stock(params)


def deliver_to_queue(stock: Any, queue_arn: str, *arguments: Any, **options: Any) -> None:
    """Asks the key of a queue that SNS delivers to; ministack asks no key."""
    problem = delivery_problem("sns.amazonaws.com", queue_arn, options.get("topic_arn", ""))
    if problem:
        app.logger.warning("sandbox: no notification for %s: %s", queue_arn, problem)
        return
    stock(queue_arn, *arguments, **options)


def get_secret_value(stock: Any, data: Json) -> Any:
    """Asks the key of a secret before its value is read; ministack asks no key."""
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    if secret:
        context = {"kms:encryptioncontext:secretarn": secret["ARN"]}
        name = secret.get("KmsKeyId")
        if users_problem(caller.get(), name, READ, "secretsmanager", **context):
            message = "Access to KMS is not allowed"
            return error_response_json("AccessDeniedException", message, 400)
    return stock(data)


def use_table(stock: Any, data: Json) -> Any:
    """Asks the key of a table before it is used; ministack asks no key."""
    table = dynamodb._tables.get((data.get("TableName") or "").rsplit("/", 1)[-1]) or {}
    name = (table.get("SSEDescription") or {}).get("KMSMasterKeyArn")
    if problem := users_problem(caller.get(), name, READ, "dynamodb"):
        return error_response_json("AccessDeniedException", problem, 400)
    return stock(data)


def create_log_group(stock: Any, data: Json) -> Any:
    """Makes no log group under a key that does not let the service in; ministack makes it."""
    arn = cloudwatch_logs._make_group_arn(data.get("logGroupName", "")).removesuffix(":*")
    facts = {"kms:encryptioncontext:aws:logs:arn": arn}
    service = f"logs.{get_region()}.amazonaws.com"
    if service_problem(service, data.get("kmsKeyId"), WRITE, arn, **facts):
        message = (
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
        )
        return error_response_json("InvalidParameterException", message, 400)
    return stock(data)


def create_trail(stock: Any, data: Json) -> Any:
    """Makes no trail under a name or a key that AWS refuses; ministack makes it.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
    """
    trail = data.get("Name", "")
    if not _TRAIL_NAME.fullmatch(trail) or not 3 <= len(trail) <= 128:
        return cloudtrail._err("InvalidTrailNameException", f"Trail name {trail} is not valid.")
    arn = cloudtrail._trail_arn(trail)
    facts = {"kms:encryptioncontext:aws:cloudtrail:arn": arn}
    service, name = "cloudtrail.amazonaws.com", data.get("KmsKeyId")
    problem = service_problem(service, name, ("kms:GenerateDataKey",), arn, **facts)
    if _has_bucket_key(data.get("S3BucketName", "")):
        problem = problem or service_problem(service, name, ("kms:Decrypt",), arn)
    if problem:
        message = f"Insufficient permissions to access S3 bucket or KMS key {json.dumps(name)}."
        return cloudtrail._err("InsufficientEncryptionPolicyException", message)
    return stock(data)


# "Have no adjacent periods, underscores or dashes", and not the form of an IP address.
_TRAIL_NAME = re.compile(r"(?!\d+(\.\d+){3}$)[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")


def _has_bucket_key(bucket: str) -> bool:
    """With an S3 Bucket Key, creating the trail takes kms:Decrypt as well.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    """
    found = s3._bucket_encryption.get(bucket) or ""
    return "<BucketKeyEnabled>true" in found
