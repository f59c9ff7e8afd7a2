"""A token that has ended is not deployed; a platform may be written in any case."""

from __future__ import annotations

import base64
import io
import json
import time
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from ops.deploy.token import refuse_if_ended
from ops.errors import OpsError
from tests.support.deploying import FakeTerraform

if TYPE_CHECKING:
    from tests.support.deploying import Clone


def token(seconds: float) -> str:
    claims = json.dumps({"exp": time.time() + seconds}).encode()
    return f"canary.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.signature"


@pytest.mark.parametrize(
    ("hours", "note"),
    [(4.5, "QUALYS_API_TOKEN ends in 4 hours: no image is scanned after that."), (8 * 24, "")],
)
def test_a_token_that_soon_ends_is_noted(hours: float, note: str) -> None:
    out = io.StringIO()
    refuse_if_ended(token(hours * 3600), Console(file=out, width=300))
    assert out.getvalue().startswith(note)
    assert bool(out.getvalue()) is bool(note)
    assert "canary" not in out.getvalue()


@pytest.mark.parametrize("given", ["no-jwt", ""])
def test_a_token_without_an_end_is_not_noted(given: str) -> None:
    out = io.StringIO()
    refuse_if_ended(given, Console(file=out, width=300))
    assert out.getvalue() == ""


def test_a_token_that_has_ended_is_refused(clone: Clone) -> None:
    given = {"QUALYS_POD": "US2", "CREATE_ROLE": "true", "AUTO_APPROVE": "1"}
    said = clone.refuses("deploy", **given, QUALYS_API_TOKEN=token(-60))
    assert said.startswith("QUALYS_API_TOKEN has ended: get a new one from Qualys. An API client ")
    clone.must("deploy", "--destroy", **given, QUALYS_API_TOKEN=token(-60))


def test_the_sentence_does_not_show_the_token() -> None:
    with pytest.raises(OpsError) as refused:
        refuse_if_ended(token(-1), Console(quiet=True))
    assert "canary" not in str(refused.value)


def test_the_case_of_a_platform_does_not_matter(clone: Clone) -> None:
    given = {"QUALYS_POD": "us2", "EXISTING_ROLE_NAME": "qualys-role", "AUTO_APPROVE": "1"}
    clone.must("deploy", **given, QUALYS_API_TOKEN="canary-token")
    assert FakeTerraform.given["qualys_pod"] == "US2"
