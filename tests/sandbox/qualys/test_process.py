"""The simulator as a process of its own."""

from pathlib import Path

import pytest
import requests

from sandbox.qualys import QualysProcess
from tests.sandbox.qualys.caller import TOKEN
from tests.sandbox.qualys.conftest import CREDENTIALS


def test_it_serves_until_it_is_left_and_shows_no_secret() -> None:
    with QualysProcess(CREDENTIALS, scenario={"external_id": 42}) as running:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{running.url}/csapi/v1.3/registry/aws-base"
        assert requests.get(url, headers=headers, timeout=5).json()["externalId"] == 42
        assert running.control.count("GET", "/csapi/v1.3/registry/aws-base") == 1
        command = Path(f"/proc/{running.pid}/cmdline")
        assert not command.exists() or TOKEN not in command.read_text()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, headers=headers, timeout=5)


def test_settings_that_do_not_fit_are_announced_at_the_start() -> None:
    refused = QualysProcess(CREDENTIALS, scenario={"nothing": 1})
    with pytest.raises(RuntimeError, match="ended"), refused:
        pass
