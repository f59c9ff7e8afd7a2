"""Calls the Qualys subscription as the functions do: same gateway, same secret, same client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import requests
from botocore.exceptions import ClientError

from image_scan.errors import ConfigurationError, QualysUnauthorized, QualysUnreadable
from image_scan.qualys import reading
from image_scan.qualys.client import QualysClient
from image_scan.qualys.connection import Connection
from image_scan.qualys.credentials import Credentials, parse, parse_proxy_login
from image_scan.qualys.transport import Transport
from ops.doctor.aws_errors import code_of
from ops.doctor.findings import Unanswered

_TIMEOUT = (5, 10)
_PAGE = 200
Greeting = requests.Response | requests.RequestException | ConfigurationError


@dataclass(frozen=True)
class Secret:
    """`text` is the secret's value. It is never shown."""

    arn: str
    text: str = field(repr=False)
    names: tuple[str, ...]

    @property
    def kind(self) -> str:
        return " and ".join(self.names)

    @property
    def token(self) -> str:
        """The access token; empty for the other kinds, whose JWTs are made when needed."""
        return parse(self.text).get("token", "")


@dataclass(frozen=True)
class AwsBase:
    """Qualys' account and external id, which a registry role must trust."""

    account_id: str
    external_id: str


class Settings(Protocol):
    """The environment of the installation's functions, and clients of its account."""

    @property
    def environment(self) -> Mapping[str, str]: ...

    @property
    def client(self) -> Callable[..., Any]: ...

    def setting(self, name: str) -> str:
        """Returns a setting. Raises Unanswered if no function has it."""


class Subscription:
    """Reads each answer once. Raises Unanswered if the gateway or the secret is missing."""

    def __init__(self, here: Settings) -> None:
        self._here = here

    @cached_property
    def _session(self) -> requests.Session:
        """Trusts what the functions trust. Goes through the proxy of this machine, not theirs."""
        session = requests.Session()
        session.headers["User-Agent"] = "fargate-image-scan doctor"
        session.mount("https://", Connection(self._ca_bundle()))
        return session

    def _ca_bundle(self) -> str:
        if not (arn := self._here.environment.get("CA_BUNDLE_ARN", "")):
            return ""
        version = self._here.setting("CA_BUNDLE_VERSION")
        secrets = self._here.client("secretsmanager")
        try:
            answer = secrets.get_secret_value(SecretId=arn, VersionId=version)
        except ClientError as error:
            raise Unanswered(f"the CA bundle {arn} cannot be read: {code_of(error)}") from None
        return str(answer["SecretString"])

    @property
    def gateway_url(self) -> str:
        return self._here.setting("QUALYS_GATEWAY_URL")

    @cached_property
    def greeting(self) -> Greeting:
        return self.greet()

    def greet(self) -> Greeting:
        """Returns the gateway's answer to a call without a credential: usually a refusal.

        Returns a ConfigurationError if the CA bundle cannot be read.
        """
        try:
            return self._session.get(
                f"{self.gateway_url}/csapi/v1.3/registry/aws-base",
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, ConfigurationError) as error:
            return error

    @cached_property
    def secret(self) -> Secret:
        """Reads the secret. Raises ClientError of Secrets Manager, and ConfigurationError."""
        arn = self._here.setting("QUALYS_SECRET_ARN")
        secrets = self._here.client("secretsmanager", arn.split(":")[3])
        text = str(secrets.get_secret_value(SecretId=arn).get("SecretString", ""))
        names = tuple(parse(text))
        parse_proxy_login(text)  # only checked: the functions read it
        return Secret(arn, text, names)

    @cached_property
    def base(self) -> AwsBase:
        """Reads aws-base. Raises the Qualys errors of `image_scan.errors`."""
        answer = _body(self.transport.send("GET", "/registry/aws-base"))
        account_id = answer.get("accountId") if isinstance(answer, Mapping) else None
        if not isinstance(account_id, str | int):
            raise QualysUnreadable("aws-base has no account id")
        return AwsBase(str(account_id), self.client.aws_external_id())

    @cached_property
    def refusal(self) -> QualysUnauthorized | None:
        """Why Qualys refuses the credential; None if it is accepted."""
        try:
            _ = self.base
        except QualysUnauthorized as error:
            return error
        return None

    @cached_property
    def transport(self) -> Transport:
        """Makes the transport for calls with the credential."""
        if isinstance(self.greeting, Exception):
            raise Unanswered("the gateway cannot be reached: see gateway-reachable")
        try:
            text = self.secret.text
        except (ClientError, ConfigurationError):
            raise Unanswered("there is no credential to ask with: see secret-readable") from None
        credentials = Credentials(self._session, self.gateway_url, lambda: text)
        return Transport(self._session, self.gateway_url, credentials)

    @cached_property
    def client(self) -> QualysClient:
        return QualysClient(self.transport)

    @property
    def admitted(self) -> QualysClient:
        """The client, once the credential is known to be accepted."""
        client = self.client
        if self.refusal is not None:
            raise Unanswered("Qualys refuses the credential: see credential-accepted")
        return client

    def registry(self, uuid: str) -> Mapping[str, Any]:
        """Returns the details of a registry."""
        answer = _body(self.transport.send("GET", f"/registry/{uuid}"))
        return answer if isinstance(answer, Mapping) else {}

    def sensors(self) -> list[Mapping[str, Any]]:
        params: dict[str, str | int] = {"pageNumber": 1, "pageSize": _PAGE}
        return reading.rows(_body(self.transport.send("GET", "/sensors", params=params)))


def _body(answer: requests.Response) -> Any:
    """Returns the parsed body; None for 204 and 404, which mean an empty list."""
    if answer.status_code in (204, 404):
        return None
    try:
        return answer.json()
    except ValueError:
        raise QualysUnreadable(f"HTTP {answer.status_code} without a JSON body") from None
