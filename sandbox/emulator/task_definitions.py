"""Deletes task definitions: only after they were deregistered."""

import json
from typing import Any

from ministack.core.responses import json_response
from ministack.services import ecs

Json = dict[str, Any]
_ACTIVE = (
    "The specified task definition is still in ACTIVE status. Please deregister the target and "
    "try again."
)


def delete(stock: Any, data: Json) -> Any:
    """Leaves active revisions, as failures; ministack deletes them."""
    asked = data.get("taskDefinitions", [])
    active = [arn for arn in asked if _status(arn) == "ACTIVE"]
    rest = [arn for arn in asked if arn not in active]
    _, _, body = stock({**data, "taskDefinitions": rest})
    answer = json.loads(body)
    answer["failures"] += [{"arn": arn, "reason": _ACTIVE} for arn in active]
    return json_response(answer)


def _status(arn: str) -> str:
    found = ecs._task_defs.get(ecs._resolve_td_key(arn)) or {}
    return str(found.get("status", ""))
