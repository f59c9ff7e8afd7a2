"""Checks the functions and the key, which all other parts need."""

from ops.doctor.findings import Finding, Unanswered, failed, hint, passed, unknown
from ops.doctor.here import Here

# New accounts have 10. AWS leaves 100 where functions reserve the rest.
_FEW_EXECUTIONS = 100


def functions_active(here: Here) -> Finding:
    if missing := here.missing_functions:
        return failed(f"{', '.join(missing)} missing", here.deploy)
    for each in here.functions.values():
        name = each["FunctionName"]
        if each.get("State") == "Failed":
            return failed(f"{name} has failed: {each.get('StateReason', '')}", here.deploy)
        if each.get("LastUpdateStatus") == "Failed":
            reason = each.get("LastUpdateStatusReason", "")
            return failed(f"the last change of {name} failed: {reason}", here.deploy)
        if each.get("State") == "Pending":
            return unknown(f"{name} is just being made")
    return passed(f"{len(here.functions)} functions")


def concurrency_quota(here: Here) -> Finding:
    """Checks how many functions of the account may run at once, including ours."""
    limits = here.client("lambda").get_account_settings()["AccountLimit"]
    free = int(limits["UnreservedConcurrentExecutions"])
    if free > _FEW_EXECUTIONS:
        return passed(f"functions of this account share {free} concurrent executions")
    return hint(
        f"functions of this account share {free} concurrent executions: in a rollout of many "
        "tasks, events may come into the failed-events queue",
        here.aws(
            "service-quotas request-service-quota-increase",
            service_code="lambda",
            quota_code="L-B99A9384",
            desired_value="1000",
        ),
    )


def key_enabled(here: Here) -> Finding:
    """Checks the key of the failed-events queue. Table, topic, logs and secret use it too."""
    queue = here.queue("failed-events")
    if not (key := (queue or {}).get("KmsMasterKeyId", "")):
        raise Unanswered(f"{here.name('failed-events')} names no key")
    state = here.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    if state == "Enabled":
        return passed(f"{key} is enabled")
    if state == "PendingDeletion":
        # After this, the key is still disabled.
        remedy = here.aws("kms cancel-key-deletion", key_id=key)
    else:
        remedy = here.aws("kms enable-key", key_id=key)
    return failed(f"{key} is {state}: nothing that it encrypts can be read", remedy)
