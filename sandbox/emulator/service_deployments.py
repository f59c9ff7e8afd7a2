"""Services whose deployments have lifecycle hooks, and what ECS answers of all deployments.

The controller is a double of AWS' own: `deployment_controller` says what it is not.
"""

import json
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecs

from sandbox.emulator import deployment_records as records
from sandbox.emulator.deployment_controller import STAGES, WITHOUT_HOOKS, Rollout, stop, target_of

Json = dict[str, Any]


def create(stock: Any, data: Json) -> Any:
    """Creates a service whose hooks come before its tasks; ministack knows no hooks."""
    hooks = (data.get("deploymentConfiguration") or {}).get("lifecycleHooks")
    if problem := _problem(hooks):
        return error_response_json("InvalidParameterException", problem, 400)
    desired = data.get("desiredCount", 1)
    with records.lock:
        status, headers, body = stock({**data, "desiredCount": 0} if hooks else data)
        svc = _found(data, data.get("serviceName"))
        if status != 200 or not svc:
            return status, headers, body
        service = records.begin(svc)
        revision = service.add_revision(svc, svc["taskDefinition"])
        if not hooks:
            _note_done(service, svc, revision)
            return status, headers, body
        service.held = desired
        deployment = service.add_deployment(svc, revision, data["deploymentConfiguration"])
    Rollout(service, svc, service.deployments[deployment], {}).start()
    answer = json.loads(body)
    answer["service"]["desiredCount"] = desired
    return json_response(answer)


def update(stock: Any, data: Json) -> Any:
    """Begins a deployment whose hooks come before its tasks; ministack knows no hooks."""
    svc = _found(data, data.get("service"))
    if not svc:
        return stock(data)
    configuration = {
        **svc["deploymentConfiguration"],
        **(data.get("deploymentConfiguration") or {}),
    }
    if problem := _problem(configuration.get("lifecycleHooks")):
        return error_response_json("InvalidParameterException", problem, 400)
    if "deploymentConfiguration" in data:
        data = {**data, "deploymentConfiguration": configuration}
    with records.lock:
        service = records.of(svc)
        now = target_of(service) or svc["taskDefinition"]
        definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", now)))
        if service.held is not None and "desiredCount" in data:
            service.held = data["desiredCount"]
            data = {**data, "desiredCount": 0}
        changed = bool(definition) and definition["taskDefinitionArn"] != now
        if not definition or not (changed or data.get("forceNewDeployment")):
            return stock(data)
        if not configuration.get("lifecycleHooks"):
            status, headers, body = stock(data)
            if status == 200:
                stop(service.arn, "a newer deployment has replaced it")
                revision = service.add_revision(svc, svc["taskDefinition"])
                _note_done(service, svc, revision)
            return status, headers, body
        return _begin(stock, data, service, svc, definition["taskDefinitionArn"])


def _begin(stock: Any, data: Json, service: records.Service, svc: Json, definition: str) -> Any:
    """Changes at once what starts no tasks; the rest waits for the hooks."""
    deploying = {"taskDefinition": definition, "forceNewDeployment": True}
    status, headers, body = stock(
        {name: value for name, value in data.items() if name not in deploying}
    )
    if status != 200:
        return status, headers, body
    revision = service.add_revision(svc, definition)
    configuration = svc["deploymentConfiguration"]
    deployment = service.add_deployment(svc, revision, configuration)
    Rollout(service, svc, service.deployments[deployment], deploying).start()
    answer = json.loads(body)
    answer["service"]["taskDefinition"] = definition
    return json_response(answer)


def _note_done(service: records.Service, svc: Json, revision: str) -> None:
    """Records a deployment without hooks, whose tasks ministack has started already."""
    service.ecs_ids[revision] = svc["deployments"][0]["id"]
    configuration = svc["deploymentConfiguration"]
    deployment = service.add_deployment(svc, revision, configuration)
    record = service.deployments[deployment]
    if svc["desiredCount"]:
        service.pull(revision)
    service.successful = revision
    record |= {"status": "SUCCESSFUL", "finishedAt": record["createdAt"]}


def delete(stock: Any, data: Json) -> Any:
    """Stops the deployment of a service that is deleted; ministack knows none."""
    svc = _found(data, data.get("service"))
    answer = stock(data)
    if svc and svc["status"] != "ACTIVE":
        stop(svc["serviceArn"], "the service was deleted")
    return answer


def describe_deployments(_stock: Any, data: Json) -> Any:
    """Shows service deployments; ministack shows none."""
    found = []
    with records.lock:
        for service in records.known():
            for arn in data.get("serviceDeploymentArns", []):
                if (record := service.deployments.get(arn)) and (svc := _of_arn(service.arn)):
                    shown = records.shown_deployment(service, svc, record)
                    found.append({k: v for k, v in shown.items() if not k.startswith("_")})
    missing = {*data.get("serviceDeploymentArns", [])} - {e["serviceDeploymentArn"] for e in found}
    failures = [{"arn": arn, "reason": "MISSING"} for arn in sorted(missing)]
    return json_response({"serviceDeployments": found, "failures": failures})


def list_deployments(_stock: Any, data: Json) -> Any:
    """Lists the deployments of a service, the newest first; ministack lists none."""
    svc = _found(data, data.get("service"))
    if not svc:
        return error_response_json("ServiceNotFoundException", "Service not found.", 400)
    span = data.get("createdAt") or {}
    rows = [
        records.listed_deployment(each)
        for each in reversed(records.of(svc).deployments.values())
        if each["status"] in (data.get("status") or [each["status"]])
        and span.get("after", 0) <= each["createdAt"] <= span.get("before", each["createdAt"])
    ]
    start, most = int(data.get("nextToken") or 0), int(data.get("maxResults") or 100)
    answer: Json = {"serviceDeployments": rows[start : start + most]}
    if rows[start + most :]:
        answer["nextToken"] = str(start + most)
    return json_response(answer)


def describe_revisions(_stock: Any, data: Json) -> Any:
    """Shows service revisions, with digests once they were pulled; ministack shows none."""
    asked = data.get("serviceRevisionArns", [])
    known = {arn: each for service in records.known() for arn, each in service.revisions.items()}
    found = [records.shown_revision(known[arn]) for arn in asked if arn in known]
    failures = [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known]
    return json_response({"serviceRevisions": found, "failures": failures})


def resource_arn(
    stock: Any, service: str, method: str, path: str, headers: Any, body: bytes, *others: Any
) -> str:
    """Checks calls about deployments for what they name; ministack checks the cluster, or "*".

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    """
    action = headers.get("x-amz-target", "").rpartition(".")[2] if service == "ecs" else ""
    names = {
        "DescribeServiceDeployments": "serviceDeploymentArns",
        "DescribeServiceRevisions": "serviceRevisionArns",
        "ListServiceDeployments": "service",
        "ListTagsForResource": "resourceArn",
    }
    if action in names:
        named = json.loads(body).get(names[action]) or ""
        first = str(named[0] if isinstance(named, list) else named)
        if first.startswith("arn:"):
            return first
    found: str = stock(service, method, path, headers, body, *others)
    return found


def _found(data: Json, reference: Any) -> Json | None:
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    named = ecs._resolve_service_ref(reference or "")
    found: Json | None = ecs._services.get(f"{cluster}/{named[0]}") if named else None
    return found


def _of_arn(arn: str) -> Json | None:
    cluster, name = arn.split("/")[-2:]
    found: Json | None = ecs._services.get(f"{cluster}/{name}")
    return found


def _problem(hooks: Any) -> str:
    """Why hooks are refused; empty where they are not."""
    for each in hooks or []:
        if each.get("targetType", "AWS_LAMBDA") != "AWS_LAMBDA":
            return "The sandbox has no PAUSE hooks."
        if not (each.get("hookTargetArn") and each.get("roleArn") and each.get("lifecycleStages")):
            return "A lifecycle hook needs hookTargetArn, roleArn and lifecycleStages."
        if {*each["lifecycleStages"]} - ({*STAGES} - {*WITHOUT_HOOKS}):
            return "A lifecycle hook names a stage that calls no hooks here."
    return ""
