"""Checks the access to Qualys: the gateway, the secret, and the credential in it."""

import time
from contextlib import suppress

import requests
from botocore.exceptions import ClientError

from image_scan.errors import (
    ConfigurationError,
    QualysForbidden,
    QualysRejected,
    QualysUntrusted,
)
from image_scan.qualys.connection import failure
from image_scan.qualys.credentials import expiry
from ops.doctor.aws_errors import code_of, is_denied, is_missing
from ops.doctor.findings import Finding, Unanswered, failed, passed, unknown
from ops.doctor.here import Here

_WARN_SECONDS = 7 * 86_400  # a new token must be fetched by a person


def gateway_reachable(here: Here) -> Finding:
    """Checks the gateway from this machine. The functions may be in a separate network."""
    url, bundle = here.qualys.gateway_url, f"{here.deploy} CA_BUNDLE=<file>"
    answer = here.qualys.greeting
    if isinstance(answer, ConfigurationError):
        return failed(str(answer), bundle)
    if isinstance(answer, requests.RequestException):
        error = failure(answer, url)
        if isinstance(error, QualysUntrusted):
            return failed(f"{error}; from this machine", bundle)
        reason = f"{url}: {type(answer).__name__} from this machine"
        return failed(reason, f"curl --verbose {url}")
    if answer.status_code >= 500:
        return failed(f"{url}: HTTP {answer.status_code}", f"curl --verbose {url}")
    proxied = here.environment.get("HTTPS_PROXY") or any(
        each.get("VpcConfig", {}).get("SubnetIds") for each in here.functions.values()
    )
    aside = "; the functions go through a network of their own" if proxied else ""
    return passed(f"{url} answers this machine{aside}")


def secret_readable(here: Here) -> Finding:
    arn = here.setting("QUALYS_SECRET_ARN")
    try:
        return passed(f"it holds {here.qualys.secret.kind}")
    except ConfigurationError as error:
        return failed(str(error), _put(here, arn))
    except ClientError as error:
        if is_denied(error):
            return unknown(
                "you may not read it, as the functions may",
                f"be allowed secretsmanager:GetSecretValue on {arn}, and kms:Decrypt on its key",
            )
        if code_of(error) == "InvalidRequestException":  # what a scheduled deletion looks like
            remedy = here.aws("secretsmanager restore-secret", secret_id=arn)
            return failed(f"{arn} is marked for deletion", remedy)
        if is_missing(error):
            return failed(f"{arn} does not exist, or has no value", _put(here, arn))
        raise


def credential_accepted(here: Here) -> Finding:
    """Checks that the credential may read registries and images, as scans need."""
    arn = here.setting("QUALYS_SECRET_ARN")
    try:
        client = here.qualys.client
        if here.qualys.refusal is not None:
            return failed(f"Qualys refuses it: {here.qualys.refusal}", _put(here, arn))
        with suppress(QualysRejected):  # an image that nobody knows
            client.image("0" * 64)
    except QualysForbidden as error:
        return failed(
            f"it lacks a permission: {error}",
            "give its user or client API access to Container Security, to registries and images, "
            "in Qualys' Administration > Role Management",
        )
    return passed("Qualys accepts it")


def credential_life(here: Here) -> Finding:
    """Checks how long an access token is valid. The other kinds get a new JWT when needed."""
    try:
        secret = here.qualys.secret
    except (ClientError, ConfigurationError):
        raise Unanswered("the credential cannot be read: see secret-readable") from None
    if not secret.token:
        return passed(f"a JWT is made from {secret.kind} whenever one ends")
    if (ends := expiry(secret.token)) is None:
        return unknown("the token does not say when it ends")
    left = ends - time.time()
    if left <= 0:
        return failed("the token has ended", _put(here, secret.arn))
    if left < _WARN_SECONDS:
        return failed(f"the token ends in {_span(left)}", _put(here, secret.arn))
    return passed(f"the token ends in {_span(left)}")


def _put(here: Here, arn: str) -> str:
    """Returns a command that reads the credential from a file, to keep it off the command line."""
    file = "file://credential.json"
    return here.aws("secretsmanager put-secret-value", secret_id=arn, secret_string=file)


def _span(seconds: float) -> str:
    hours = int(seconds // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
