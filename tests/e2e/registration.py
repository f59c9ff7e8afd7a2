"""The account's registry at Qualys, as somebody connects it by hand."""

import time

import requests

from sandbox.aws import ACCOUNT, REGION
from sandbox.install import Install

URI = f"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def register(install: Install, role_arn: str) -> None:
    """Connects it with a role, in entry of what is there."""
    api, headers = f"{install.qualys.url}/csapi/v1.3", {"Authorization": f"Bearer {install.token}"}
    for row in install.qualys.control.state()["registries"]:
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
