"""The Qualys subscription of this install, signed in to once per execution environment."""

from functools import cache

import requests

from image_scan import aws, config
from image_scan.qualys.client import QualysClient
from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport


@cache
def client() -> QualysClient:
    settings = config.QualysSettings.from_environment()
    session = requests.Session()
    session.headers["User-Agent"] = "fargate-image-scan"
    # The secret is read when a token is needed, so a rotated one is picked up.
    credentials = Credentials(session, settings.gateway_url, lambda: _secret(settings.secret_arn))
    return QualysClient(Transport(session, settings.gateway_url, credentials))


def _secret(arn: str) -> str:
    with aws.calls("secretsmanager:GetSecretValue"):
        answer = aws.client("secretsmanager").get_secret_value(SecretId=arn)
    return str(answer.get("SecretString", ""))
