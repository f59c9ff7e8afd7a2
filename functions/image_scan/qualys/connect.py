"""Connects to this installation's Qualys subscription, once per execution environment."""

from functools import cache

import requests

from image_scan import config
from image_scan.aws import clients
from image_scan.qualys.client import QualysClient
from image_scan.qualys.connection import Connection
from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport


@cache
def client() -> QualysClient:
    settings = config.QualysSettings.from_environment()
    session = requests.Session()
    session.headers["User-Agent"] = "fargate-image-scan"
    # The secret is read when a token is needed, so a rotated one is picked up.
    credentials = Credentials(session, settings.gateway_url, lambda: _secret(settings.secret_arn))
    ca_bundle = ""
    if settings.ca_bundle_arn:
        ca_bundle = _secret(settings.ca_bundle_arn, VersionId=settings.ca_bundle_version)
    session.mount("https://", Connection(ca_bundle, credentials.proxy_login))
    return QualysClient(Transport(session, settings.gateway_url, credentials))


def _secret(arn: str, **version: str) -> str:
    with clients.calls("secretsmanager:GetSecretValue"):
        answer = clients.client("secretsmanager").get_secret_value(SecretId=arn, **version)
    return str(answer.get("SecretString", ""))
