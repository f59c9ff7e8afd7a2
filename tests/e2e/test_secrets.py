"""The token, and what containers carry in their environment, are nowhere to be read."""

import json
import subprocess
import time

from sandbox.installation import Installation

from .conftest import SECRET_VALUE, Workload


def absent(installation: Installation, text: str) -> bool:
    return not any(canary in text for canary in (installation.token, SECRET_VALUE))


def test_the_canaries_are_where_they_belong(installation: Installation, workload: Workload) -> None:
    """Otherwise every other test here would pass for nothing."""
    secret = installation.client("secretsmanager").get_secret_value(
        SecretId=installation.outputs["qualys_secret_arn"]
    )
    assert json.loads(secret["SecretString"]) == {"token": installation.token}
    arn = workload.register()
    definition = installation.ecs.describe_task_definition(taskDefinition=arn)
    assert SECRET_VALUE in json.dumps(definition, default=str)


def test_not_in_state_plan_or_output_of_terraform(installation: Installation) -> None:
    state = (installation.terraform.folder / "terraform.tfstate").read_text()
    assert "qualys-image-scan" in state
    assert absent(installation, state)
    plan, lines = installation.facts["plan"], installation.facts["lines"]
    assert plan["resource_changes"]
    assert absent(installation, json.dumps(plan))
    assert any("Apply complete" in line for line in lines)
    assert absent(installation, "\n".join(lines))


def test_not_in_any_log_group(installation: Installation, workload: Workload) -> None:
    workload.deploy()
    logs = installation.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    lines = [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]
    assert any("event parsed" in line for line in lines)
    assert any("scan submitted" in line for line in lines)
    assert absent(installation, "\n".join(lines))


def test_not_in_any_execution_history(installation: Installation, workload: Workload) -> None:
    workload.deploy()
    states = installation.client("stepfunctions")
    texts = []
    for scan in installation.scans():
        arn = scan["executionArn"]
        texts.append(json.dumps(states.describe_execution(executionArn=arn), default=str))
        pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
        texts += [json.dumps(page, default=str) for page in pages]
    assert any(workload.pushed.repository in text for text in texts)
    assert absent(installation, "\n".join(texts))


def test_not_in_the_table_or_a_notification(installation: Installation, workload: Workload) -> None:
    workload.find([{"qid": 1, "severity": 5, "title": "bad"}])
    workload.deploy()
    sent = installation.notifications()
    assert sent
    assert absent(installation, json.dumps(sent))
    assert workload.key in installation.verdicts()
    assert absent(installation, json.dumps(installation.verdicts(), default=str))


def test_not_on_any_command_line(installation: Installation, workload: Workload) -> None:
    """While Terraform and the functions run."""
    workload.behave(scan_seconds=1.0)
    workload.register()
    seen = []
    plan = subprocess.Popen(
        ["terraform", "version"], cwd=installation.terraform.folder, stdout=subprocess.DEVNULL
    )
    for _ in range(10):
        seen.append(_processes())
        time.sleep(0.1)
    plan.wait()
    installation.wait_until_idle()
    assert any("sandbox.emulator" in text for text in seen)
    assert absent(installation, "\n".join(seen))


def _processes() -> str:
    return subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
