"""Requests that an IAM simulator decides, by the policies of an installation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.judges.policies import Policy
from tests.judges.programs import ask_node

Json = dict[str, Any]
# Who asks (an ARN, or an AWS service), the action, the resource, and the context of the request.
Row = tuple[str, str, str] | tuple[str, str, str, Json]
# What foreign accounts may do, as far as their own account is asked.
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@dataclass(frozen=True)
class Request:
    """A row with its names resolved."""

    by: str
    action: str
    on: str
    context: Json

    def __str__(self) -> str:
        return f"{self.by} {self.action} {self.on} {self.context}"


@dataclass(frozen=True)
class Judged:
    """The policies of an installation, and what the names in rows stand for."""

    policies: list[Policy]
    names: dict[str, str] = field(default_factory=dict)

    def refused(self, rows: Sequence[Row], policy: Json | None = None) -> list[str]:
        """The requests that IAM does not allow; `policy` is that of a resource of somebody else."""
        return [each for each, answer in self._decided(rows, policy) if answer != "Allowed"]

    def granted(self, rows: Sequence[Row]) -> list[str]:
        """The requests that IAM allows."""
        return [each for each, answer in self._decided(rows, None) if answer == "Allowed"]

    def request(self, row: Row) -> Request:
        by, action, on, *rest = row
        context = {
            key: value.format_map(self.names) if isinstance(value, str) else value
            for key, value in (rest[0] if rest else {}).items()
        }
        return Request(by.format_map(self.names), action, on.format_map(self.names), context)

    def _decided(self, rows: Sequence[Row], policy: Json | None) -> list[tuple[str, str]]:
        requests = [self.request(row) for row in rows]
        answers: list[str] = ask_node("simulate.cjs", [self._given(r, policy) for r in requests])
        return [(str(each), answer) for each, answer in zip(requests, answers, strict=True)]

    def _given(self, request: Request, policy: Json | None) -> Json:
        is_arn = request.by.startswith("arn:")
        principal = {"aws:PrincipalArn": request.by} if is_arn else {}
        ours = any(each.of == request.by for each in self.policies)
        foreign = [EVERYTHING] if is_arn else []
        target = (
            request.on.partition("/")[0] if request.on.startswith("arn:aws:s3:") else request.on
        )
        kind = "trust" if request.action == "sts:AssumeRole" else "resource"
        return {
            "principal": request.by,
            "action": request.action,
            "resource": request.on,
            "account": self._account(request),
            "context": {**principal, **request.context},
            "identity": self._documents("identity", request.by) if ours else foreign,
            "ofResource": policy or next(iter(self._documents(kind, target)), None),
        }

    def _documents(self, kind: str, arn: str) -> list[Json]:
        return [each.document for each in self.policies if (each.kind, each.of) == (kind, arn)]

    def _account(self, request: Request) -> str:
        """The account that owns what is asked for: its ARN's, or who asks, or us."""
        arn = request.by if request.on == "*" else request.on
        return arn.split(":")[4] or self.policies[0].of.split(":")[4]
