"""Staging labels of secrets: a version that has one of its own is never forgotten.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

import json
from typing import Any

from ministack.services import secretsmanager

Json = dict[str, Any]
_OF_THE_SERVICE = {"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"}


def put_secret_value(stock: Any, data: Json) -> Any:
    """Puts every label that is asked for on a version; ministack knows AWSCURRENT alone."""
    status, headers, body = stock(data)
    labels = set(data.get("VersionStages") or ()) - _OF_THE_SERVICE
    if status != 200 or not labels:
        return status, headers, body
    _, secret = secretsmanager._resolve(data["SecretId"])
    given = json.loads(body)
    for version_id, version in secret["Versions"].items():
        stored = [label for label in version["Stages"] if label not in labels]
        version["Stages"] = stored + sorted(labels) if version_id == given["VersionId"] else stored
    given["VersionStages"] = secret["Versions"][given["VersionId"]]["Stages"]
    return status, headers, json.dumps(given).encode()
