"""ECR's pull-time update exclusions: who pulls without being recorded. ministack has none.

Shapes, errors and limits: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, error_response_json, json_response

Json = dict[str, Any]
_MOST = 100
_ARN = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@-]+(/[\w+=,.@-]+)*")
_exclusions: Any = AccountRegionScopedDict()  # when each was made, by its principal


def register(data: Json) -> Any:
    arn = data.get("principalArn", "")
    if len(arn) > 200 or not _ARN.fullmatch(arn):
        message = "Invalid parameter at 'principalArn' failed to satisfy constraint"
        return error_response_json("InvalidParameterException", message, 400)
    if arn in _exclusions:
        message = f"A pull time update exclusion for '{arn}' already exists"
        return error_response_json("ExclusionAlreadyExistsException", message, 400)
    if len(_exclusions) >= _MOST:
        message = f"No more than {_MOST} pull time update exclusions are allowed"
        return error_response_json("LimitExceededException", message, 400)
    _exclusions[arn] = time.time()
    return json_response({"principalArn": arn, "createdAt": _exclusions[arn]})


def deregister(data: Json) -> Any:
    arn = data.get("principalArn", "")
    if arn not in _exclusions:
        message = f"There is no pull time update exclusion for '{arn}'"
        return error_response_json("ExclusionNotFoundException", message, 400)
    del _exclusions[arn]
    return json_response({"principalArn": arn})


def list_all(data: Json) -> Any:
    begin = int(data.get("nextToken") or 0)
    end = begin + int(data.get("maxResults") or _MOST)
    arns = list(_exclusions)
    more = {"nextToken": str(end)} if end < len(arns) else {}
    return json_response({"pullTimeUpdateExclusions": arns[begin:end], **more})


ACTIONS: dict[str, Callable[[Json], Any]] = {
    "RegisterPullTimeUpdateExclusion": register,
    "DeregisterPullTimeUpdateExclusion": deregister,
    "ListPullTimeUpdateExclusions": list_all,
}


async def handle_request(
    stock: Any, method: str, path: str, headers: Json, body: Any, query: Json
) -> Any:
    """Answers the three actions of pull-time update exclusions; ministack has none of them."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action in ACTIONS:
        return ACTIONS[action](json.loads(body or "{}"))
    return await stock(method, path, headers, body, query)
