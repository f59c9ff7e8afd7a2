"""The root modules that the deploy wrapper writes."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops.deploy import roots
from ops.deploy.roots import Root
from ops.deploy.settings import Settings

IN_S3 = {"STATE_BUCKET": "states", "STATE_REGION": "eu-west-1", "NAME_PREFIX": "mine"}


def written(name: str, given: dict[str, str]) -> Any:
    root = Root(name, "modules/regional-spoke", "111122223333", "us-east-1", {})
    return json.loads((root.write(Settings(given)) / "main.tf.json").read_text())


@pytest.mark.parametrize("name", ["install", "region-eu-west-1"])
def test_each_root_has_a_state_of_its_own(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "DEPLOYMENTS", tmp_path)
    assert written(name, {})["terraform"]["backend"] == {"local": {}}
    assert (tmp_path / "qualys-image-scan" / name).is_dir()
    assert written(name, IN_S3)["terraform"]["backend"]["s3"] == {
        "bucket": "states",
        "key": f"mine/{name}.tfstate",
        "encrypt": True,
        "use_lockfile": True,
        "region": "eu-west-1",
    }
