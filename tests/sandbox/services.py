"""A cluster whose services are deployed with lifecycle hooks that answer what a test says."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox import images
from tests.sandbox.account import Account, allow, eventually

Json = dict[str, Any]
ENDS = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
# Answers by what stands in a queue of answers, and says what it was asked.
HOOK = """
import json, os, boto3
def handler(event, context):
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=os.environ["ASKED"], MessageBody=json.dumps(event))
    answers = json.loads(os.environ["ANSWERS"])
    number = event.get("hookDetails", {}).get("calls", 0)
    answer = answers[min(number, len(answers) - 1)]
    if answer == "raise":
        raise RuntimeError("broken")
    if isinstance(answer, dict) and "hookStatus" in answer:
        answer.setdefault("hookDetails", {})["calls"] = number + 1
    return answer
"""
SUCCEEDED, FAILED = {"hookStatus": "SUCCEEDED"}, {"hookStatus": "FAILED"}
WAIT = {"hookStatus": "IN_PROGRESS", "callBackDelay": 60}


@dataclass
class Ecs:
    """A cluster with the repository `app`, and hooks that answer what a test says."""

    account: Account

    def __post_init__(self) -> None:
        self.client = self.account.client("ecs")
        self.client.create_cluster(clusterName="prod")
        self.ecr = self.account.client("ecr")
        self.ecr.create_repository(repositoryName="app")
        self.pushed = {tag: self.push(tag, tag) for tag in ("1", "2", "3")}
        self.asked, _ = self.account.queue("asked")

    def push(self, tag: str, content: str) -> images.PushedImage:
        return images.push(self.ecr, "app", images.build(content), tag)

    def definition(self, tag: str) -> str:
        container = {"name": "app", "image": self.pushed[tag].by_tag, "essential": True}
        made = self.client.register_task_definition(family="app", containerDefinitions=[container])
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def hook(
        self,
        *answers: Any,
        name: str = "hook",
        stages: tuple[str, ...] = ("PRE_SCALE_UP",),
        **more: Any,
    ) -> Json:
        arn = self.account.function(
            name,
            HOOK,
            Environment={"Variables": {"ASKED": self.asked, "ANSWERS": json.dumps(answers)}},
        )
        invoke = allow("lambda:InvokeFunction", resource=arn)
        role = self.account.role(f"{name}-ecs", "ecs", invoke)
        return {"hookTargetArn": arn, "roleArn": role, "lifecycleStages": [*stages], **more}

    def create(self, tag: str, *hooks: Json, count: int = 1) -> str:
        configuration = {"deploymentConfiguration": {"lifecycleHooks": [*hooks]}} if hooks else {}
        self.client.create_service(
            cluster="prod",
            serviceName="web",
            taskDefinition=self.definition(tag),
            desiredCount=count,
            **configuration,
        )
        return self.newest()

    def deploy(self, tag: str, *hooks: Json) -> str:
        configuration = {"deploymentConfiguration": {"lifecycleHooks": [*hooks]}} if hooks else {}
        definition = self.definition(tag)
        self.client.update_service(
            cluster="prod", service="web", taskDefinition=definition, **configuration
        )
        return self.newest()

    def newest(self) -> str:
        listed = self.client.list_service_deployments(cluster="prod", service="web")
        return str(listed["serviceDeployments"][0]["serviceDeploymentArn"])

    def shown(self, arn: str) -> Json:
        answer = self.client.describe_service_deployments(serviceDeploymentArns=[arn])
        (found,) = answer["serviceDeployments"]
        return dict(found)

    def ended(self, arn: str) -> Json:
        return eventually(lambda: found if (found := self.shown(arn))["status"] in ENDS else {})

    def revision(self, arn: str) -> Json:
        answer = self.client.describe_service_revisions(serviceRevisionArns=[arn])
        (found,) = answer["serviceRevisions"]
        return dict(found)

    def ran(self) -> set[str]:
        """The tags of all tasks that ever started."""
        arns = []
        for status in ("RUNNING", "STOPPED"):
            arns += self.client.list_tasks(cluster="prod", desiredStatus=status)["taskArns"]
        if not arns:
            return set()
        tasks = self.client.describe_tasks(cluster="prod", tasks=arns)["tasks"]
        return {each["image"].rpartition(":")[2] for task in tasks for each in task["containers"]}

    def runs(self) -> set[str]:
        arns = self.client.list_tasks(cluster="prod", desiredStatus="RUNNING")["taskArns"]
        tasks = self.client.describe_tasks(cluster="prod", tasks=arns)["tasks"] if arns else []
        return {each["image"].rpartition(":")[2] for task in tasks for each in task["containers"]}

    def events(self) -> list[Json]:
        found = [json.loads(each["Body"]) for each in self.account.messages(self.asked)]
        return sorted(found, key=lambda each: each.get("hookDetails", {}).get("calls", 0))
