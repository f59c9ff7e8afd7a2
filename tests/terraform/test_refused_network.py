"""What a refused network says: the remedy, and no secret that was written there by mistake."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from sandbox.aws import REPOSITORY
from sandbox.terraform import find_terraform

SECRET = "canary-4b77e1"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture
def input_alone(tmp_path: Path) -> Path:
    """A root that has the input `network` and nothing else, so that it needs no provider."""
    text = (REPOSITORY / "variables.tf").read_text()
    (block,) = re.findall(r'^variable "network" \{$.*?^\}$', text, re.MULTILINE | re.DOTALL)
    (tmp_path / "main.tf").write_text(block)
    (tmp_path / "attributes.tf").write_text((REPOSITORY / "attributes.tf").read_text())
    return tmp_path


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"https_proxy": f"http://scan:{SECRET}@proxy.example.com:3128"}, "into the secret"),
        ({"ca_bundle": {"pem": KEY}}, "without a key"),
        ({"ca_bundle": {"pem": NO_CERTIFICATE}}, "to certificates in PEM"),
        (
            {"no_proxy": "*.amazonaws.com;https://a.example.com:443 10.0.0.0/8, localhost"},
            'this remains: ".amazonaws.com,a.example.com,localhost"',
        ),
    ],
)
def test_it_says_what_to_do(input_alone: Path, network: dict[str, object], said: str) -> None:
    answer = subprocess.run(
        [find_terraform(), "plan", "-no-color"],
        cwd=input_alone,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TF_CLI_CONFIG_FILE": "/dev/null",
            "TF_VAR_network": json.dumps(network),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert said in " ".join(answer.stdout.split())
    assert SECRET not in answer.stdout
