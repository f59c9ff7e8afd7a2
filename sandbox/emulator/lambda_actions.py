"""Which action of IAM a request to Lambda is checked for. The SDK describes each request; ministack
knows some of them, and takes the others for requests of the function or its code.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

import functools
from typing import Any

from ministack.core import iam_actions

# All other actions have the name of their operation.
_NAMED = {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}


def action(stock: Any, method: str, path: str) -> str | None:
    """Names the action by the SDK; ministack takes requests that it does not know for others."""
    operation = _operation(method, path.rstrip("/"))
    if operation is None:
        found: str | None = stock(method, path)
        return found
    return _NAMED.get(operation, operation)


@functools.lru_cache(4096)
def _operation(method: str, path: str) -> str | None:
    """The most specific operation that matches: the routes come in that order."""
    return next((name for of, form, name in _routes() if of == method and form.match(path)), None)


@functools.cache
def _routes() -> list[tuple[str, Any, str]]:
    return [route[:3] for route in iam_actions._load_botocore_routes("lambda")]
