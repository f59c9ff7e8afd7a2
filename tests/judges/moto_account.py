"""An account of moto, and Terraform on it."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3

from sandbox.terraform import shared_provider
from sandbox.terraform_project import Terraform, changes
from tests.judges.policies import in_state
from tests.judges.programs import HERE, VENV

Json = dict[str, Any]
CREDENTIAL = {"TF_VAR_qualys_credentials": json.dumps({"token": "canary-of-the-judges"})}
REGISTRY_ROLE = {"qualys_account_id": "900000000009", "external_id": "0123456789"}


@contextmanager
def moto(region: str) -> Iterator[dict[str, str]]:
    """The environment that leads Terraform and boto3 to a new account in moto."""
    environment = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    with subprocess.Popen(
        [VENV / "python", HERE / "serve_moto.py"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        port = process.stdout.readline().strip()
        assert port, "moto did not start"
        try:
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "judge",
                "AWS_SECRET_ACCESS_KEY": "unchecked",
                "AWS_REGION": region,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "NO_PROXY": "127.0.0.1",
            }
        finally:
            process.stdin.close()


def live(
    root: Path, environment: Mapping[str, str], variables: Json, *, regions: int = 1
) -> dict[str, Json]:
    """Applies a root, looks whether anything is left to do, destroys it and applies it again.

    Returns the policies that it has then. `regions` is the number of its providers.
    """
    with ExitStack() as stack:
        if regions == 1:  # a process of the provider has one configuration
            environment = {**environment, **stack.enter_context(shared_provider(root, environment))}
        terraform = Terraform(root, {**environment, **CREDENTIAL})
        terraform.set_variables(variables)
        terraform.init()
        terraform.apply()
        assert changes(terraform.plan()) == {}
        terraform.destroy()
        terraform.apply()
    return in_state(root / "terraform.tfstate")


def client(service: str, environment: Mapping[str, str]) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # the types know literal names alone
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
