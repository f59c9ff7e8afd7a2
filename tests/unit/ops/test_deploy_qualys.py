"""Asking Qualys on deploying: through the proxy of the operator's machine, not the functions'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from ops.deploy.qualys import registry_trust
from ops.deploy.settings import Settings
from ops.errors import OpsError
from tests.support.builders import API, GATEWAY

if TYPE_CHECKING:
    import responses

GIVEN = {
    "QUALYS_GATEWAY_URL": GATEWAY,
    "QUALYS_API_TOKEN": "t",
    "QUALYS_PROXY_USER": "scan",
    "QUALYS_PROXY_PASSWORD": "canary",
}


def test_a_proxy_of_this_machine_that_refuses(answers: responses.RequestsMock) -> None:
    refusal = requests.exceptions.ProxyError("Tunnel connection failed: 407 Authenticate")
    answers.get(f"{API}/registry/aws-base", body=refusal)
    caller: Any = None
    with pytest.raises(OpsError) as raised:
        registry_trust(Settings(GIVEN), caller)
    assert str(raised.value) == (
        "The proxy of this machine refuses the connection to Qualys (HTTP 407). Its user and "
        "password are those in HTTPS_PROXY, as in http://user:password@proxy.example.com:3128; "
        "QUALYS_PROXY_USER and QUALYS_PROXY_PASSWORD are for the functions."
    )
