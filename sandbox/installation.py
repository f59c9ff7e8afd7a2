"""One installation of an example: the embedded AWS, the simulated Qualys, and Terraform.

The example is applied as it is in the repository. Only the AWS endpoint in the environment and the
gateway's URL differ from production.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from boto3.dynamodb.types import TypeDeserializer

from sandbox.aws import Aws, Principal
from sandbox.qualys import Credentials, EcrImages, QualysSimulator, make_sensor_user
from sandbox.queues import make_queue
from sandbox.terraform_project import Line, Terraform, copy_project

Json = dict[str, Any]
OnWait = Callable[[list[Json], list[Json]], None]
_STILL_SECONDS = 120
_DEPLOYER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ecs:*", "iam:PassRole"], "Resource": "*"}],
}


class Installation:
    """A running installation, from `with` to its end. Then everything is removed.

    token       the access token of the Qualys subscription
    example     the folder below examples/ that is applied, in the account sandbox.aws.ACCOUNT
    wait_scale  what a second of a Step Functions wait takes, in seconds
    concurrency function executions at a time; with ten, retries as short as the waits run out
    state       a folder that the embedded AWS begins from, and is stored in
    """

    def __init__(
        self,
        token: str,
        *,
        example: str = "single-account",
        wait_scale: float,
        concurrency: int = 32,
        state: Path | None = None,
        on_line: Line | None = None,
    ) -> None:
        self.token = token
        self._example = example
        self.aws = Aws(wait_scale=wait_scale, concurrency=concurrency, state=state)
        self._on_line = on_line
        self._stack = ExitStack()

    facts: Json  # of an installation that was restored: how it was applied
    providers: ExitStack  # what roots of Terraform beside this one end with

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.aws)
            self._sensor = make_sensor_user(self.aws.endpoint)
            images = EcrImages(self.aws.endpoint, lambda: self._sensor)
            simulator = QualysSimulator(Credentials(tokens=(self.token,)), images)
            self.qualys = stack.enter_context(simulator)
            self.scratch = Path(tempfile.mkdtemp(prefix="image-scan-project-"))
            stack.callback(shutil.rmtree, self.scratch, ignore_errors=True)
            folder = copy_project(self.scratch) / "examples" / self._example
            credential = {"TF_VAR_qualys_credentials": json.dumps({"token": self.token})}
            environment = self.aws.environment() | credential
            self.providers = stack.enter_context(ExitStack())
            self.terraform = Terraform(folder, environment, self._on_line, self.providers)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def prepare(self, **variables: Any) -> None:
        """Sets the example's variables, with a role to be made for the sensor."""
        self.set_variables(variables)
        self.terraform.init()

    def apply(self) -> None:
        """Applies the example, and subscribes a queue of ours to its notifications."""
        self.terraform.apply()
        self.outputs: Json = self.terraform.outputs()["image_scan"]
        self.inbox = self.subscribe("sandbox-inbox")
        self.deployer = self.aws.create_user("ci-deployer", _DEPLOYER)

    def set_variables(self, variables: Json) -> None:
        """Gives Terraform the variables, and those that all installations here have."""
        self.variables = variables
        self.terraform.set_variables(self.given(**variables))

    def given(self, **variables: Any) -> Json:
        """Returns all inputs of an installation here: the variables, the role, and Qualys."""
        base = self.aws_base()
        role = {
            "qualys_account_id": str(base["accountId"]),
            "external_id": str(base["externalId"]),
        }
        common = {"qualys_pod": "US2", "qualys_gateway_url": self.qualys.url, "registry_role": role}
        return {**common, **variables}

    def aws_base(self) -> Json:
        """Qualys' account and external id, which an operator reads before the first apply."""
        url = f"{self.qualys.url}/csapi/v1.3/registry/aws-base"
        answer = requests.get(url, headers={"Authorization": f"Bearer {self.token}"}, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def client(self, service: str, principal: Principal | None = None) -> Any:
        return self.aws.client(service, principal=principal)

    @property
    def ecs(self) -> Any:
        """A client of ECS as the deployer, whom every verdict then names."""
        return self.client("ecs", self.deployer)

    def forget_environments(self) -> None:
        """Makes Lambda drop its warm environments, as any change of a function does."""
        functions = self.client("lambda")
        for name in self.outputs["function_names"].values():
            functions.update_function_configuration(FunctionName=name, MemorySize=256)

    def wait_until_idle(self, on_wait: OnWait | None = None) -> None:
        """Waits until no execution runs; `on_wait` is shown all intakes and all scans meanwhile.

        Raises TimeoutError when executions run and none of them has entered a state for a while.
        """
        quiet, before = 0, -1
        while quiet < 3:
            running, entered = self.aws.progress()
            quiet = 0 if running else quiet + 1
            if entered != before:
                before, deadline = entered, time.monotonic() + _STILL_SECONDS
            if on_wait:
                on_wait(self.intakes(), self.scans())
            if time.monotonic() > deadline:
                raise TimeoutError("executions still run, and nothing moves")
            time.sleep(0.1)

    def intakes(self) -> list[Json]:
        return self.aws.express_executions(self.outputs["intake_state_machine_arn"])

    def scans(self) -> list[Json]:
        """Every scan execution, newest first, with its status."""
        pages = self.client("stepfunctions").get_paginator("list_executions")
        arn = self.outputs["scan_state_machine_arn"]
        return [row for page in pages.paginate(stateMachineArn=arn) for row in page["executions"]]

    def scan_input(self, execution_arn: str) -> Json:
        answer = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
        return dict(json.loads(answer["input"]))

    def scan_history(self, execution_arn: str) -> Iterator[Json]:
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=execution_arn):
            yield from page["events"]

    def scan_states(self, execution_arn: str) -> list[str]:
        """The states that a scan went through, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.scan_history(execution_arn)
            if "stateEnteredEventDetails" in event
        ]

    def verdicts(self) -> dict[str, Json]:
        """The cache's entries by key, as plain values; the items of all findings left out."""
        items = self._rows("cache_table")
        return {item["imageDigest"]: item for item in items if "status" in item}

    def messages(self, queue_url: str, sqs: Any = None) -> list[Json]:
        """Takes everything out of a queue; `sqs` is the client of another account or region."""
        sqs = sqs or self.client("sqs")
        taken: list[Json] = []
        while True:
            answer = sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not (batch := answer.get("Messages")):
                return taken
            for message in batch:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            taken += batch

    def inventory(self) -> list[Json]:
        """Every image of every workload."""
        return [row for row in self._rows("inventory_table") if "account_region" in row]

    def _rows(self, table: str) -> list[Json]:
        read = TypeDeserializer().deserialize
        pages = self.client("dynamodb").get_paginator("scan")
        return [
            {name: read(value) for name, value in row.items()}
            for page in pages.paginate(TableName=self.outputs[table]["name"])
            for row in page["Items"]
        ]

    def notifications(self) -> list[Json]:
        """New messages of the topic for machines: verdicts, each with its `subject`."""
        sent = [json.loads(message["Body"]) for message in self.messages(self.inbox)]
        wanted = [
            {**json.loads(each["Message"]), "subject": each["Subject"]}
            for each in sent
            if each.get("Subject", "").startswith("Scan: ")
        ]
        return [each for each in wanted if "verdict" in each]  # the daily digest has none

    def mail(self, address: str) -> list[str]:
        """The e-mails that an address was sent, without the links of subscriptions."""
        sent = self.aws.ask("/_sandbox/mail")["sent"]
        return [each["text"] for each in sent if each["to"] == address and "token" not in each]

    def subscribe_by_mail(self, address: str, **attributes: str) -> None:
        """Subscribes an address, whose owner follows the link at once."""
        sns, topic = self.client("sns"), self.outputs["topic_arns"]["people"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address, Attributes=attributes)
        sent = self.aws.ask("/_sandbox/mail")["sent"]
        links = [each["token"] for each in sent if each["to"] == address and "token" in each]
        sns.confirm_subscription(TopicArn=topic, Token=links[-1])

    def failed_events(self) -> list[Json]:
        """Takes the failed events from the queue: the original `body`, and the error's name."""
        return [
            {
                "body": json.loads(message["Body"]),
                "error": message.get("MessageAttributes", {}).get("Error", {}).get("StringValue"),
            }
            for message in self.messages(self.outputs["failed_events_queue"]["url"])
        ]

    def subscribe(self, name: str, reader: str = "machines", **attributes: str) -> str:
        """Creates a queue with a subscription of these attributes. Returns its URL."""
        topic_arn = self.outputs["topic_arns"][reader]
        queue = make_queue(self.client("sqs"), name, "sns.amazonaws.com", topic_arn)
        sns = self.client("sns")
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes)
        return queue.url
