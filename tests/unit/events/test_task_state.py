"""Whose task an event is of: a service's, or one that somebody ran."""

import pytest

from image_scan.events import task_state
from tests.support import builders


@pytest.mark.attack(12)
@pytest.mark.parametrize(
    ("started_by", "service"),
    [("ecs-svc/1234567890123456789", "web"), ("a-schedule", ""), ("web", ""), (None, "")],
)
def test_a_task_is_of_a_service_if_a_deployment_has_started_it(
    started_by: str | None, service: str
) -> None:
    """Whoever runs a task may give it the group of any service."""
    event = builders.event("task_running_by_tag")
    assert event["detail"]["group"] == "service:web"
    event["detail"]["startedBy"] = started_by
    assert task_state.parse(event).deployment["service"] == service
