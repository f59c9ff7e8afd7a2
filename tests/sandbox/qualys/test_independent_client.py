"""The simulator against a client that is not ours: Qualys' own command line tool (PyPI qualys-cli).

It knows the gateway from its documentation alone. What it prints has to be what the simulator was
given. It runs as a process with a home of its own, where its configuration and logs stay.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.qualys import QualysSimulator
from tests.sandbox.qualys.caller import HOST, Caller, digest, single

EXPAT = {"qid": 351234, "title": "expat", "severity": 5, "software": [{"name": "expat"}]}
CURL = {"qid": 376543, "title": "curl", "severity": 3, "software": [{"name": "curl"}]}


class Cli:
    def __init__(self, home: Path, gateway: str, password: str) -> None:
        self._environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "QUALYS_URL": gateway,
            "QUALYS_GATEWAY_URL": gateway,
            "QUALYS_USERNAME": "robot",
            "QUALYS_PASSWORD": password,
            "QUALYS_OUTPUT_MODE": "agentic",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`qualys-cli cs ...`, whose output is JSON."""
        command = [sys.executable, "-m", "qualys_cli", "cs", *arguments, "--format", "json"]
        return subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=60
        )

    def ask(self, *arguments: str) -> Any:
        answer = self.run(*arguments)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)


@pytest.fixture
def cli(simulator: QualysSimulator, tmp_path: Path) -> Cli:
    return Cli(tmp_path, simulator.url, "secret")


@pytest.fixture
def scanned(caller: Caller) -> Caller:
    """Two images of one registry: one with findings, one clean."""
    caller.push("team/app", "1.0", single("a"))
    caller.push("team/clean", "1.0", single("b"))
    caller.control.set_findings(digest("a"), [EXPAT, CURL])
    caller.scan()
    caller.scan(repo="team/clean")
    return caller


def test_it_signs_in_and_lists_the_images(scanned: Caller, cli: Cli) -> None:
    answer = cli.ask("image", "list")
    assert scanned.control.count("POST", "/auth") == 1
    assert answer["count"] == 2
    rows = {row["sha"]: row for row in answer["data"]}
    assert set(rows) == {"a" * 64, "b" * 64}
    row = rows["a" * 64]
    assert row["repo"] == [{"registry": HOST, "repository": "team/app", "tag": "1.0"}]
    assert [one["digest"] for one in row["repoDigests"]] == ["e" * 64]
    counts = row["vulnerabilities"]
    assert (counts["severity5Count"], counts["severity3Count"]) == (1, 1)
    assert set(rows["b" * 64]["vulnerabilities"].values()) == {0}


def test_it_reads_one_image_and_its_vulnerabilities(scanned: Caller, cli: Cli) -> None:
    details = cli.ask("image", "get", "a" * 64)
    assert details["imageId"] == "a" * 12
    assert [one["qid"] for one in details["vulnerabilities"]] == [351234, 376543]
    found = cli.ask("image", "vulns", "a" * 64)
    assert {one["qid"]: one["severity"] for one in found["details"]} == {351234: 5, 376543: 3}
    assert found["vulnSummary"]["confirmed"]["sev5Count"] == 1
    software = cli.ask("image", "software", "a" * 64)
    assert {one["name"] for one in software["data"]} == {"expat", "curl"}
