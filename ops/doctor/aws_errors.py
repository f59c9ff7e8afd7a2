"""Classifies errors of AWS: a resource is missing, or access is denied."""

from botocore.exceptions import ClientError

_MISSING = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "EventBusNotFound",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
        "TrailNotFoundException",
    }
)


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: ClientError) -> bool:
    return code_of(error) in _MISSING


def is_denied(error: ClientError) -> bool:
    return "AccessDenied" in code_of(error)
