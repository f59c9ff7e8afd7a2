"""Stores Terraform's states: in a bucket, or below deployments/."""

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ops.deploy import project
from ops.deploy.caller import Caller
from ops.deploy.state import State
from ops.errors import OpsError

Json = dict[str, Any]


class States(Protocol):
    """Where states are stored, by path."""

    def where(self, path: str) -> str: ...
    def backend(self, path: str, /) -> Json: ...
    def read(self, path: str) -> State | None: ...
    def paths(self, below: str) -> list[str]:
        """Returns paths of an account's states. `below` is name prefix and account id."""

    def write_new(self, path: str, body: bytes) -> None: ...
    def remove(self, path: str) -> None: ...
    def locked(self, path: str) -> AbstractContextManager[None]: ...


def by_region(states: States, kind: str, name_prefix: str, account_id: str) -> dict[str, State]:
    """Returns the account's states of a kind by region, without empty states."""
    paths = states.paths(f"{name_prefix}/{account_id}")
    found = {path.split("/")[2]: states.read(path) for path in paths if path.endswith(f"/{kind}")}
    return {region: state for region, state in sorted(found.items()) if state}


@dataclass(frozen=True)
class LocalStates:
    """States on this machine, each in the folder that Terraform runs in."""

    def where(self, path: str) -> str:
        return f"deployments/{path}/terraform.tfstate, on this machine alone"

    def backend(self, _path: str, /) -> Json:
        return {"local": {}}

    def read(self, path: str) -> State | None:
        file = self._file(path)
        return State.parsed(self.where(path), file.read_bytes()) if file.exists() else None

    def paths(self, below: str) -> list[str]:
        files = (project.DEPLOYMENTS / below).glob("*/*/terraform.tfstate")
        return sorted(str(file.parent.relative_to(project.DEPLOYMENTS)) for file in files)

    def write_new(self, path: str, body: bytes) -> None:
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as opened:
            opened.write(body)

    def remove(self, path: str) -> None:
        """Removes the whole folder, because Terraform's data about the backend is out of date."""
        shutil.rmtree(self._file(path).parent)

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        lock = self._file(path).with_name(".terraform.tfstate.lock.info")
        if lock.exists():
            raise OpsError(f"{self.where(path)} is locked: Terraform runs, or {lock} was left.")
        yield

    def _file(self, path: str) -> Path:
        return project.DEPLOYMENTS / path / "terraform.tfstate"


@dataclass(frozen=True)
class BucketStates:
    """States in an S3 bucket, as in Terraform's s3 backend. Every method raises OpsError."""

    client: Any = field(repr=False, compare=False)
    bucket: str
    region: str = field(compare=False)

    @classmethod
    def of(cls, caller: Caller, bucket: str) -> "BucketStates":
        """Finds the region of the bucket, which Terraform needs."""
        client = caller.session.client("s3", region_name=caller.region)
        with _answers(bucket):
            region = client.head_bucket(Bucket=bucket).get("BucketRegion") or caller.region
            return cls(caller.session.client("s3", region_name=region), bucket, region)

    def where(self, path: str) -> str:
        return f"s3://{self.bucket}/{self._key(path)}"

    def backend(self, path: str, /) -> Json:
        s3 = {"bucket": self.bucket, "key": self._key(path), "region": self.region}
        return {"s3": s3 | {"encrypt": True, "use_lockfile": True}}

    def read(self, path: str) -> State | None:
        with _answers(self.bucket):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=self._key(path))
            except self.client.exceptions.NoSuchKey:
                return None
            return State.parsed(self.where(path), answer["Body"].read())

    def paths(self, below: str) -> list[str]:
        with _answers(self.bucket):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{below}/"
            )
            keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return [key.removesuffix(".tfstate") for key in keys if key.endswith(".tfstate")]

    def write_new(self, path: str, body: bytes) -> None:
        self._put(self._key(path), body)

    def remove(self, path: str) -> None:
        with _answers(self.bucket):
            self.client.delete_object(Bucket=self.bucket, Key=self._key(path))

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Holds the lock that Terraform takes for `use_lockfile`."""
        key = f"{self._key(path)}.tflock"
        self._put(key, json.dumps({"ID": str(uuid.uuid4()), "Operation": "move"}).encode())
        try:
            yield
        finally:
            with _answers(self.bucket):
                self.client.delete_object(Bucket=self.bucket, Key=key)

    def _put(self, key: str, body: bytes) -> None:
        with _answers(self.bucket):
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                ServerSideEncryption="AES256",
                IfNoneMatch="*",
            )

    @staticmethod
    def _key(path: str) -> str:
        return f"{path}.tfstate"


@contextmanager
def _answers(bucket: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in ("NoSuchBucket", "404"):
            raise OpsError(f"STATE_BUCKET={bucket} does not exist: make it first.") from None
        if code == "PreconditionFailed":
            raise OpsError(
                f"A state or its lock in s3://{bucket} is there already: Terraform runs "
                f"elsewhere, or a .tflock was left. {error}"
            ) from None
        raise OpsError(f"AWS refused {error.operation_name} in s3://{bucket}: {error}") from None
    except BotoCoreError as error:
        raise OpsError(f"s3://{bucket} does not answer: {error}") from None
