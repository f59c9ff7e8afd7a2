"""Lists every check, in the order in which an event passes the parts, and runs one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from image_scan.errors import ConfigurationError, ScanError
from ops.doctor import (
    activity,
    clocks,
    credential,
    hub,
    parts,
    pull_times,
    registry,
    roles,
    rules,
    trails,
)
from ops.doctor.aws_errors import code_of
from ops.doctor.findings import Finding, Unanswered, failed, unknown
from ops.doctor.here import HUB, INSTALLATION, SPOKE, Here


@dataclass(frozen=True)
class Check:
    """A check. `kinds` says where it runs: installation, hub, spoke."""

    function: Callable[[Here], Finding]
    kinds: frozenset[str]

    @property
    def name(self) -> str:
        return self.function.__name__.replace("_", "-")

    def run(self, here: Here) -> Finding:
        """Runs the check. An error becomes the verdict "unknown" with a reason."""
        try:
            return self.function(here)
        except Unanswered as error:
            return unknown(str(error), error.remedy)
        except ClientError as error:
            return unknown(f"{error.operation_name}: {code_of(error)}")
        except BotoCoreError as error:
            return unknown(f"AWS cannot be asked: {type(error).__name__}")
        except ConfigurationError as error:
            return failed(str(error), here.deploy)
        except ScanError as error:
            return unknown(f"Qualys cannot be asked: {type(error).__name__}: {error}")


def _checks(kinds: str, *functions: Callable[[Here], Finding]) -> Iterator[Check]:
    for function in functions:
        yield Check(function, frozenset(kinds.split()))


_ANY = f"{INSTALLATION} {SPOKE}"
CHECKS: tuple[Check, ...] = (
    *_checks(_ANY, trails.trail_exists, trails.trail_logging, trails.trail_write_events),
    *_checks(SPOKE, rules.forwarding_rule, roles.forwarding_role, hub.hub_admits_here),
    *_checks(SPOKE, roles.describe_role, activity.unforwarded_events),
    *_checks(INSTALLATION, rules.deployments_rule),
    *_checks(HUB, hub.hub_bus, hub.stack_sets_access, rules.forwarded_rule),
    *_checks(INSTALLATION, roles.events_role, activity.undelivered_events),
    *_checks(INSTALLATION, roles.machine_roles, roles.function_roles, parts.functions_active),
    *_checks(INSTALLATION, parts.concurrency_quota, parts.key_enabled),
    *_checks(INSTALLATION, credential.gateway_reachable, credential.secret_readable),
    *_checks(INSTALLATION, credential.credential_accepted, credential.credential_life),
    *_checks(INSTALLATION, registry.registry_role, registry.registry_trust, registry.external_id),
    *_checks(INSTALLATION, registry.registry_connected, registry.sensor_alive),
    *_checks(INSTALLATION, pull_times.pull_time_excluded),
    *_checks(_ANY, clocks.clocks_agree),
    *_checks(INSTALLATION, activity.scans_succeed, rules.scan_ended_rule),
    *_checks(INSTALLATION, activity.failed_events, activity.topics_subscribed),
)
