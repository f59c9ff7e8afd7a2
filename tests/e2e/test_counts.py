"""What `make bench` counts in virtual time is what the embedded AWS counts."""

from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable
from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation
from tests.bench import deployed
from tests.bench.replay import replay
from tests.bench.trace import Trace

from .conftest import WAIT_SCALE

# Whether the scan notifies a workload, or the workload's own intake, depends on which is first.
# With this seed the one image that is notified has three checks, by when all its deployments are
# known; and no scan ends near a check.
TRACE = Trace(deployments=6, new_share=0.5, restarts=0.5, scale_outs=0.5, services=2, seed=91)


def test_the_embedded_aws_counts_the_same(installation: Installation) -> None:
    # What other tests' scans have taught of the registry is forgotten: it is new, as in the replay.
    table = installation.outputs["state_table"]["name"]
    RegistryCache(StateTable(installation.client("dynamodb"), table)).forget(ACCOUNT, REGION)
    try:
        seen = deployed.play(installation, TRACE, warm=2)
    finally:
        installation.aws.set_wait_scale(WAIT_SCALE)
    counted = replay(TRACE, warm=2)
    for kind in deployed.COMPARED:
        assert seen.of(kind) == counted.of(kind), kind
