"""Quotas of an account, as AWS gives them.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import json
from typing import Any

from ministack.core.responses import json_response
from ministack.services import lambda_svc

CONCURRENT_EXECUTIONS = 1000


def account_settings(stock: Any) -> Any:
    """Answers AWS' quota of concurrent executions; ministack answers how many it runs itself."""
    settings = json.loads(stock()[2])
    reserved = sum(int(each.get("concurrency") or 0) for each in lambda_svc._functions.values())
    settings["AccountLimit"] |= {
        "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
        "UnreservedConcurrentExecutions": CONCURRENT_EXECUTIONS - reserved,
    }
    return json_response(settings)
