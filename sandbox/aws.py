"""The embedded AWS: clients for it, an environment for it, and principals in it.

IAM is enforced. Any 12-digit account exists; its id is the access key of its root.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config

from sandbox import root_key
from sandbox.emulator_process import REPOSITORY, EmulatorProcess, SandboxError

__all__ = ["ACCOUNT", "REGION", "REPOSITORY", "Aws", "Principal", "SandboxError"]

ACCOUNT = "111111111111"
REGION = "us-east-1"


@dataclass(frozen=True)
class Principal:
    """Credentials in an emulated account. The default is an account's root."""

    account: str
    arn: str
    access_key: str
    secret_key: str = field(default=root_key.SECRET, repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def root(cls, account: str) -> Self:
        return cls(account, f"arn:aws:iam::{account}:root", account)


class Aws(EmulatorProcess):
    """The embedded AWS, from `with` (or `start`) to its end (or `stop`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # These clients must not depend on the caller's profile and files.
        own = {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
        core = botocore.session.Session(session_vars=own)
        self._session = boto3.session.Session(botocore_session=core)
        self._clients: dict[tuple[str, ...], Any] = {}

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        super().stop()

    def client(
        self,
        service: str,
        account: str = ACCOUNT,
        region: str = REGION,
        principal: Principal | None = None,
    ) -> Any:
        """A boto3 client of one account and region, as its root unless a principal is given."""
        who = principal or Principal.root(account)
        key = (service, region, who.access_key, who.secret_key)
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service,  # type: ignore[call-overload]  # the types know literal names alone
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=who.access_key,
                aws_secret_access_key=who.secret_key,
                aws_session_token=who.session_token,
                config=Config(retries={"max_attempts": 1}, proxies={}),
            )
        return self._clients[key]

    def environment(
        self, account: str = ACCOUNT, region: str = REGION, principal: Principal | None = None
    ) -> dict[str, str]:
        """Variables with which Terraform, the AWS CLI or an SDK use only the emulator."""
        who = principal or Principal.root(account)
        session = {"AWS_SESSION_TOKEN": who.session_token} if who.session_token else {}
        return session | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": who.access_key,
            "AWS_SECRET_ACCESS_KEY": who.secret_key,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def create_user(self, name: str, policy: dict[str, Any], account: str = ACCOUNT) -> Principal:
        """An IAM user who may do what the policy document says."""
        iam = self.client("iam", account)
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Principal(account, arn, key["AccessKeyId"], key["SecretAccessKey"])

    def create_role(
        self,
        name: str,
        trusted: dict[str, Any],
        policy: dict[str, Any] | None = None,
        account: str = ACCOUNT,
    ) -> str:
        """A role that `trusted` (the Principal of its trust policy) may assume; its ARN."""
        iam = self.client("iam", account)
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}],
        }
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        return str(role["Arn"])

    def assume(
        self, principal: Principal, role_arn: str, session: str = "session", **options: str
    ) -> Principal:
        """Credentials of the role; `options` are further arguments of AssumeRole."""
        sts = self.client("sts", principal=principal)
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=session, **options)
        keys = answer["Credentials"]
        return Principal(
            role_arn.split(":")[4],
            answer["AssumedRoleUser"]["Arn"],
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
        )

    def set_wait_scale(self, scale: float) -> None:
        self.ask("/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": scale})

    def kill(self, function: str, when: str, call: str = "", **which: str | int) -> None:
        """Kills a function in a later invocation; see `sandbox.emulator.kills`.

        `when` is "before" or "after", `call` a regular expression for names of calls such as
        `sns:Publish` and `GET /csapi/v1.3/images`; `number`, `event` and `invocation` are optional.
        """
        wanted = {"function": function, "when": when, "call": call, **which}
        self.ask("/_sandbox/kills", wanted)

    def kills(self) -> list[dict[str, Any]]:
        """The requested kills, in order, with the result of each."""
        kills: list[dict[str, Any]] = self.ask("/_sandbox/kills")["kills"]
        return kills

    def running(self) -> int:
        """How many executions of state machines run, in all accounts and regions."""
        return self.progress()[0]

    def progress(self) -> tuple[int, int]:
        """The number of running executions, and how many states all executions have entered."""
        found = self.ask("/_sandbox/running")
        return int(found["running"]), int(found["entered"])

    def express_executions(self, state_machine_arn: str | None = None) -> list[dict[str, Any]]:
        """The results of express executions, which no API of AWS shows. Newest last."""
        executions: list[dict[str, Any]] = self.ask("/_sandbox/executions")["executions"]
        return [
            execution
            for execution in executions
            if state_machine_arn in {None, execution["stateMachineArn"]}
        ]
