"""Names workloads, and where they are, for an operator."""

from collections.abc import Mapping
from typing import Any


def where(workload: Mapping[str, Any]) -> str:
    """Says where a workload or an inventory row is: `web in 111122223333/us-east-1/prod`."""
    return f"{name_of(workload)} in {location_of(workload)}"


def name_of(workload: Mapping[str, Any]) -> str:
    """Returns the service, else the family and revision of the task definition."""
    return str(workload["service"] or workload["task_definition"].rsplit("/", 1)[-1] or "-")


def location_of(workload: Mapping[str, Any]) -> str:
    """Returns `account/region/cluster`."""
    return "/".join(filter(None, (workload["account"], workload["region"], workload["cluster"])))
