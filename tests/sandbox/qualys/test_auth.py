"""Tokens: how they are minted, checked, and refused."""

import base64
import json
from typing import Any

import pytest
import requests

from sandbox.qualys import QualysSimulator
from tests.sandbox.qualys.caller import TOKEN, Caller

FORM = {"username": "robot", "password": "secret", "token": "true"}


def mint(simulator: QualysSimulator, **form: str) -> requests.Response:
    return requests.post(f"{simulator.url}/auth", data={**FORM, **form}, timeout=5)


def claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))))


def test_a_user_gets_a_jwt_of_four_hours_as_plain_text(simulator: QualysSimulator) -> None:
    answer = mint(simulator)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"].startswith("text/plain")
    found = claims(answer.text)
    assert found["exp"] == int(simulator.clock.now()) + 4 * 3600
    assert (found["iss"], found["aud"], found["sub"]) == ("qas", "qas", "robot")
    assert found["modulesAllowed"] == ["CS"]
    assert Caller(simulator, answer.text).get("/registry/aws-base").status_code == 200


def test_the_status_of_the_token_service_can_be_200(simulator: QualysSimulator) -> None:
    simulator.control.scenario(auth_status=200)
    assert mint(simulator).status_code == 200


@pytest.mark.parametrize(
    ("form", "status"),
    [({"password": "wrong"}, 401), ({"username": "nobody"}, 401), ({"token": "false"}, 400)],
)
def test_a_wrong_form_is_refused(
    simulator: QualysSimulator, form: dict[str, str], status: int
) -> None:
    answer = mint(simulator, **form)
    assert answer.status_code == status
    assert set(answer.json()) == {"errorCode", "message", "timestamp"}


def test_credentials_as_json_are_refused(simulator: QualysSimulator) -> None:
    assert requests.post(f"{simulator.url}/auth", json=FORM, timeout=5).status_code == 415


@pytest.mark.parametrize("path", ["/auth/oauth", "/auth/oidc"])
def test_a_client_gets_a_jwt_by_its_headers(simulator: QualysSimulator, path: str) -> None:
    headers = {"clientId": "client", "clientSecret": "client-secret"}
    answer = requests.post(f"{simulator.url}{path}", headers=headers, timeout=5)
    assert answer.status_code == 201
    assert Caller(simulator, answer.text).get("/registry/aws-base").status_code == 200
    headers["clientSecret"] = "wrong"
    refused = requests.post(f"{simulator.url}{path}", headers=headers, timeout=5)
    assert refused.status_code == 401


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer x"}]
)
def test_a_missing_or_unknown_bearer_is_401(
    simulator: QualysSimulator, header: dict[str, str]
) -> None:
    url = f"{simulator.url}/csapi/v1.3/images"
    answer = requests.get(url, headers=header, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["errorCode"] == "401 UNAUTHORIZED"


def test_a_jwt_ends_with_its_time(simulator: QualysSimulator) -> None:
    holder = Caller(simulator, mint(simulator).text)
    simulator.control.advance(4 * 3600 - 1)
    assert holder.get("/registry/aws-base").status_code == 200
    simulator.control.advance(1.1)
    answer = holder.get("/registry/aws-base")
    assert answer.status_code == 401
    assert "JWT expired" in answer.json()["message"]


def test_all_jwts_can_be_made_to_expire(simulator: QualysSimulator) -> None:
    holder = Caller(simulator, mint(simulator).text)
    simulator.control.expire_tokens()
    assert "JWT expired" in holder.get("/images").json()["message"]
    assert Caller(simulator, mint(simulator).text).get("/images").status_code == 204


def test_an_access_token_can_be_revoked(caller: Caller) -> None:
    assert caller.get("/images").status_code == 204
    caller.control.revoke_token(TOKEN)
    assert caller.get("/images").status_code == 401
    caller.control.grant_token(TOKEN)
    assert caller.get("/images").status_code == 204


def test_a_jwt_without_the_module_is_forbidden(simulator: QualysSimulator) -> None:
    simulator.control.scenario(modules_allowed=["VM"])
    answer = Caller(simulator, mint(simulator).text).get("/images")
    assert (answer.status_code, answer.json()["message"]) == (403, "Request Forbidden")


def test_a_missing_permission_is_named(caller: Caller) -> None:
    caller.control.scenario(denied_permissions=["CS.IMAGE.VIEW"])
    answer = caller.get("/images")
    assert answer.status_code == 403
    assert answer.json()["errorCode"] == "403 FORBIDDEN"
    assert "CS.IMAGE.VIEW" in answer.json()["message"]
    assert isinstance(answer.json()["timestamp"], int)
    assert caller.get("/registry").status_code == 204
