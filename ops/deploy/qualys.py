"""Asks Qualys, with the given credential, which account a registry role must trust."""

import json

import requests

from image_scan.errors import ProxyUnauthorized, ScanError
from image_scan.qualys.connection import Connection
from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport
from ops.deploy.caller import Caller
from ops.deploy.project import gateways
from ops.deploy.settings import Settings
from ops.errors import OpsError


def registry_trust(settings: Settings, caller: Caller) -> dict[str, str]:
    """Returns Qualys' AWS account id and external id, by the names of `registry_role` variables.

    Raises OpsError, also if neither QUALYS_POD nor QUALYS_GATEWAY_URL is given.
    """
    gateway_url = settings.get("QUALYS_GATEWAY_URL").rstrip("/")
    if not gateway_url:
        gateway_url = gateways().get(settings.need("QUALYS_POD"), "")
    session = requests.Session()
    session.headers["User-Agent"] = "fargate-image-scan deploy"
    session.mount("https://", Connection(settings.get("CA_BUNDLE")))
    credentials = Credentials(session, gateway_url, lambda: _secret(settings, caller))
    try:
        answer = Transport(session, gateway_url, credentials).send("GET", "/registry/aws-base")
        reported = answer.json()
        account_id, external_id = str(reported["accountId"]), str(reported["externalId"])
    except ProxyUnauthorized:
        raise OpsError(
            "The proxy of this machine refuses the connection to Qualys (HTTP 407). Its user and "
            "password are those in HTTPS_PROXY, as in http://user:password@proxy.example.com:3128; "
            "QUALYS_PROXY_USER and QUALYS_PROXY_PASSWORD are for the functions."
        ) from None
    except ScanError as error:
        kind = type(error).__name__
        raise OpsError(
            f"Qualys was asked for its AWS account id, and failed: {kind}: {error}"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise OpsError(f"{gateway_url} does not give its AWS account id and external id.") from None
    return {"qualys_account_id": account_id, "external_id": external_id}


def _secret(settings: Settings, caller: Caller) -> str:
    if credential := settings.credential():
        return json.dumps(credential)
    secrets = caller.session.client("secretsmanager")
    return str(secrets.get_secret_value(SecretId=settings.get("QUALYS_SECRET_ARN"))["SecretString"])
