"""`python -m sandbox.qualys`: see `sandbox.qualys.process`, which starts it."""

import functools
import json
import sys
from typing import TYPE_CHECKING

from sandbox.qualys.ecr import EcrImages
from sandbox.qualys.sensor_user import make_sensor_user
from sandbox.qualys.server import Credentials, QualysSimulator

if TYPE_CHECKING:
    from sandbox.qualys.image_source import ImageSource


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    scenario, given = settings["scenario"], settings["credentials"]
    source: ImageSource | None = None
    if settings["aws"] is not None:
        user = functools.cache(lambda: make_sensor_user(settings["aws"]))
        source = EcrImages(settings["aws"], user)
    credentials = Credentials(tuple(given["tokens"]), given["users"], given["clients"])
    file, port = settings["scenario_file"], settings["port"]
    try:
        simulator = QualysSimulator(
            credentials, source, scenario=scenario, scenario_file=file, port=port
        )
    except ValueError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(1)
    with simulator:
        print(json.dumps({"url": simulator.url}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
