"""The account's registry at Qualys, as somebody connects it by hand."""

import time

import requests

from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation

URI = f"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def register(installation: Installation, role_arn: str) -> None:
    """Connects it with a role, in entry of what is there."""
    api, headers = (
        f"{installation.qualys.url}/csapi/v1.3",
        {"Authorization": f"Bearer {installation.token}"},
    )
    for row in installation.qualys.control.state()["registries"]:
        requests.delete(
            f"{api}/registry",
            params={"registryIds": row["registryUuid"]},
            headers=headers,
            timeout=9,
        ).raise_for_status()
        time.sleep(0.2)  # the deletion is a job
    aws = {"accountId": ACCOUNT, "arn": role_arn, "region": REGION, "accountType": "Global"}
    body = {"registryType": "AWS", "credentialType": "AWS", "registryUri": URI, "aws": aws}
    requests.post(f"{api}/registry", json=body, headers=headers, timeout=9).raise_for_status()
