"""ListTagsForResource of ECS and ECR, as IAM checks it: for the resource whose tags are asked.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
from typing import Any


def resource_arn(
    stock: Any, service: str, method: str, path: str, headers: Any, body: bytes, *others: Any
) -> str:
    """Checks ListTagsForResource for that resource; ministack checks it for another one."""
    target = headers.get("x-amz-target", "")
    if service in ("ecs", "ecr") and target.endswith(".ListTagsForResource"):
        return str(json.loads(body).get("resourceArn") or "*")
    found: str = stock(service, method, path, headers, body, *others)
    return found
