"""Checks Qualys' access to images: the role, its trust, the registry, and a sensor that pulls."""

import json
import time
from collections.abc import Mapping
from typing import Any

from image_scan.qualys import reading
from ops.doctor import policies
from ops.doctor.findings import Finding, Unanswered, failed, passed, unknown
from ops.doctor.here import Here, Role
from ops.doctor.subscription import AwsBase

_ASSUME = "sts:AssumeRole"
_EXTERNAL_ID = "sts:externalid"
_SILENT_SECONDS = 3600
_ALIVE = frozenset({"running", "active", "healthy"})


def registry_role(here: Here) -> Finding:
    """Checks that the role exists, and may read ECR."""
    arn = here.setting("QUALYS_ROLE_ARN")
    role = here.role(arn)
    if role is None:
        if _is_made_here(here, arn):
            remedy = f"{here.deploy} CREATE_ROLE=true"
        else:
            remedy = f"{here.deploy} EXISTING_ROLE_ARN=<of a role that exists>"
        return failed(f"{arn} does not exist", remedy)
    if not here.may(role, "ecr:GetAuthorizationToken", "*"):
        remedy = here.aws(
            "iam attach-role-policy",
            role_name=role.name,
            policy_arn=f"arn:{here.partition}:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
        )
        return failed(f"role {role.name} may not read ECR", remedy)
    if not here.may(role, "ecr:BatchGetImage", here.arn("ecr", "repository/*")):
        return unknown(f"role {role.name} may read some repositories of {here.region} at most")
    return passed(f"role {role.name} may read ECR")


def registry_trust(here: Here) -> Finding:
    """Checks that the role trusts the account that aws-base gives."""
    role, base = _role_and_base(here)
    if policies.allows_account(role.trust, base.account_id, _ASSUME):
        return passed(f"role {role.name} trusts Qualys' account {base.account_id}")
    trusted = ", ".join(sorted(policies.principals(role.trust, _ASSUME))) or "nobody"
    return failed(
        f"role {role.name} trusts {trusted}, and Qualys is {base.account_id}",
        _trust_remedy(here, role, base),
    )


def external_id(here: Here) -> Finding:
    """Checks that the role requires the external id that aws-base gives."""
    role, base = _role_and_base(here)
    asked = policies.conditions(role.trust, _ASSUME, _EXTERNAL_ID)
    if not asked:
        return failed(
            f"role {role.name} asks for no external id, so any customer of Qualys could use it",
            _trust_remedy(here, role, base),
        )
    if here.partition == "aws-us-gov":
        return unknown("of GovCloud, aws-base is not known to give the right external id")
    reported = here.environment.get("QUALYS_EXTERNAL_ID", "")
    if base.external_id not in asked:
        return failed(
            f"role {role.name} asks for {', '.join(sorted(asked))}, and Qualys presents "
            f"{base.external_id}",
            _trust_remedy(here, role, base),
        )
    if reported and reported != base.external_id:
        return failed(
            f"the functions have {reported}, and Qualys presents {base.external_id}",
            f"{here.deploy} CREATE_ROLE=true",
        )
    return passed(f"role {role.name} asks for {base.external_id}, which Qualys presents")


def registry_connected(here: Here) -> Finding:
    """Checks that Qualys has this region's ECR registry, with a connector for the role."""
    arn = here.setting("QUALYS_ROLE_ARN")
    client = here.qualys.admitted
    uri = f"https://{here.account_id}.dkr.ecr.{here.region}.amazonaws.com"
    if not (uuid := client.registry_uuid(uri)):
        remedy = here.make("scan", IMAGE="<uri>")
        return unknown(f"{uri} is not there yet: the first scan makes it", remedy)
    if not client.connector_exists(arn, arn.split(":")[4]):
        return failed(
            f"no connector of the subscription is for {arn}",
            f"{_in_the_ui('Assets > Registries')}: give registry {uri} a connector for {arn}",
        )
    used = _connected_arns(here.qualys.registry(uuid))
    if used and arn not in used:
        return failed(
            f"{uri} is read as {', '.join(sorted(used))}, and the installation's role is {arn}",
            f"{_in_the_ui('Assets > Registries')}: give registry {uri} the connector for {arn}",
        )
    return passed(f"{uri} is read as {arn.rsplit('/', 1)[-1]}")


def sensor_alive(here: Here) -> Finding:
    """Checks that a Registry Sensor runs, and was seen within the last hour."""
    _ = here.qualys.admitted
    remedy = f"start a Registry Sensor, and see it in {_in_the_ui('Configurations > Sensors')}"
    sensors = here.qualys.sensors()
    if not sensors:
        return failed("the subscription has no sensor", remedy)
    of_registries = [each for each in sensors if "registry" in _said(each, "sensorType")]
    if not of_registries:
        kinds = ", ".join(sorted({_said(each, "sensorType") or "?" for each in sensors}))
        return failed(f"no sensor is a Registry Sensor: {kinds}", remedy)
    running = [each for each in of_registries if _said(each, "status") in _ALIVE]
    if not running:
        states = ", ".join(sorted({_said(each, "status") or "?" for each in of_registries}))
        return failed(f"no Registry Sensor runs: {states}", remedy)
    now = time.time()
    notified = [reading.milliseconds(each.get("lastCheckedIn")) / 1000 for each in running]
    if not any(notified):
        return unknown("a Registry Sensor runs; it does not say when it was last seen")
    silent = now - max(notified)
    if silent > _SILENT_SECONDS:
        return failed(f"no Registry Sensor was seen for {silent / 3600:.0f} hours", remedy)
    return passed(f"{len(running)} Registry Sensor{'s' if len(running) > 1 else ''} running")


def _role_and_base(here: Here) -> tuple[Role, AwsBase]:
    _ = here.qualys.admitted
    base = here.qualys.base
    role = here.role(here.setting("QUALYS_ROLE_ARN"))
    if role is None:
        raise Unanswered("the role does not exist: see registry-role")
    return role, base


def _is_made_here(here: Here, arn: str) -> bool:
    return arn.rsplit("/", 1)[-1] == here.name(f"registry-{here.region}")


def _trust_remedy(here: Here, role: Role, base: AwsBase) -> str:
    if _is_made_here(here, role.arn):
        return f"{here.deploy} CREATE_ROLE=true"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{here.partition}:iam::{base.account_id}:root"},
                "Action": _ASSUME,
                "Condition": {"StringEquals": {"sts:ExternalId": base.external_id}},
            }
        ],
    }
    return here.aws(
        "iam update-assume-role-policy", role_name=role.name, policy_document=json.dumps(trust)
    )


def _connected_arns(details: Mapping[str, Any]) -> set[str]:
    given = [details.get("aws"), *(details.get("connectors") or [])]
    arns = {reading.text(each, "arn") for each in given if isinstance(each, Mapping)}
    return arns - {""}


def _said(row: Mapping[str, Any], name: str) -> str:
    return reading.text(row, name).lower()


def _in_the_ui(page: str) -> str:
    return f"Qualys' Container Security > {page}"
