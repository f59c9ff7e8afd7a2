"""What callers of ECS and pushers of images may write: events, references, definitions, manifests.

None of it is Qualys': anybody in a watched account chooses these words.
"""

from __future__ import annotations

import json
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from hypothesis import strategies as st

from image_scan.aws.cross_account import Accounts
from image_scan.ecr import references
from image_scan.errors import ScanError
from image_scan.events import deployments
from image_scan.events.workloads import workload_of
from tests.properties import strategies
from tests.properties.profile import fuzzed
from tests.properties.promise import promised
from tests.support import builders
from tests.support.builders import DIGEST, EVENTS, HOST

PAYLOAD = 262_144  # bytes that a state takes
KEY = 2048  # bytes of a table's hash key

recorded = [json.loads(path.read_text()) for path in sorted(EVENTS.glob("*.json"))]
events = st.sampled_from(recorded).flatmap(strategies.damaged) | strategies.values

image_references = st.one_of(
    st.sampled_from(
        [
            f"{HOST}/shop/app:1",
            f"{HOST}/shop/app@{DIGEST}",
            f"{HOST}/shop/app:1@{DIGEST}",
            f"{HOST}/{'r' * 256}:{'t' * 128}",
            f"{HOST}/shop/app:1\r\nBcc: everybody",
            f"{HOST}/<script>alert(1)</script>",
            "\x1b[2Jnginx",
            "public.ecr.aws/docker/library/redis:7",
            "nginx",
        ]
    ),
    st.text(max_size=60),
    st.text(alphabet="aZ0.:/@-_\n\u00e9\ud800\U0001f433", max_size=300),
)
definitions = st.lists(
    st.fixed_dictionaries({}, optional={"name": st.text(max_size=9), "image": image_references}),
    max_size=12,
)
manifests = st.one_of(
    strategies.values.map(json.dumps),
    st.text(max_size=20),
    strategies.damaged(
        {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {"digest": DIGEST, "platform": {"os": "linux", "architecture": "amd64"}},
                {"digest": builders.CONFIG, "artifactType": "a", "mediaType": "b"},
            ],
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": builders.CONFIG,
            },
        }
    ).map(json.dumps),
)


class Aws:
    """ECS and ECR of any account, with the words that were drawn."""

    def __init__(self, definition: list[dict[str, str]], manifest: str) -> None:
        self._definition = definition
        self._manifest = manifest

    def describe_task_definition(self, **_request: Any) -> dict[str, Any]:
        return {"taskDefinition": {"containerDefinitions": self._definition}}

    def batch_get_image(self, **request: Any) -> dict[str, Any]:
        return {
            "images": [
                {"imageId": {"imageDigest": DIGEST, **each}, "imageManifest": self._manifest}
                for each in request["imageIds"]
            ]
        }

    def describe_images(self, **request: Any) -> dict[str, Any]:
        found = [{"imageDigest": each["imageDigest"]} for each in request["imageIds"]]
        return {"imageDetails": found}


def accounts(definition: list[dict[str, str]], manifest: str = "{}") -> Accounts:
    aws = Aws(definition, manifest)
    return Accounts(None, lambda _service, _region: aws, lambda *_: aws)


def call(containers: list[dict[str, str]]) -> dict[str, Any]:
    event = builders.event("register_one_container")
    event["detail"]["responseElements"]["taskDefinition"]["containerDefinitions"] = containers
    # It is what was asked for: of nothing, ECS is asked.
    event["detail"]["requestParameters"]["containerDefinitions"] = containers
    return event


@fuzzed(few=300, event=events, definition=definitions, manifest=manifests)
def test_any_event_is_read_skipped_or_refused(
    event: Any, definition: list[dict[str, str]], manifest: str
) -> None:
    answer = promised(lambda: deployments.read(event, accounts(definition, manifest)))
    if isinstance(answer, ScanError):
        return
    json.dumps(answer).encode()
    assert answer["images"] or answer["skipped"] or not definition


@fuzzed(few=300, containers=definitions, manifest=manifests)
def test_no_image_of_a_deployment_is_missed(
    containers: list[dict[str, str]], manifest: str
) -> None:
    named = [each for each in containers if each.get("image")]
    complete = len(named) == len(containers)
    read = promised(lambda: deployments.read(call(containers), accounts(named, manifest)))
    assert not isinstance(read, ScanError)
    found = {name for image in read["images"] for name in image["containers"]}
    assert found == {_shown(each.get("name", "")) for each in (containers if complete else named)}
    for image in read["images"]:
        assert 0 < len(image["key"].encode()) <= KEY
        assert image["unscannable"] or image["repository"]
        assert image["tag"] or image["unscannable"]


@fuzzed(few=200, containers=definitions, manifest=manifests, service=st.text(max_size=40))
def test_what_was_read_can_be_stored_and_sent(
    containers: list[dict[str, str]], manifest: str, service: str
) -> None:
    named = [each for each in containers if each.get("image")]
    read = promised(lambda: deployments.read(call(named), accounts(named, manifest)))
    for image in [] if isinstance(read, ScanError) else read["images"]:
        scan_input = builders.scan_input(of=image, service=_shown(service))
        name, facts = workload_of(scan_input)
        TypeSerializer().serialize({"workloads": {name: facts}})
        assert len(json.dumps(scan_input).encode()) < PAYLOAD


@fuzzed(few=300, uri=image_references)
def test_a_reference_is_ecrs_or_has_a_reason(uri: str) -> None:
    found = references.parse(uri)
    if isinstance(found, references.Unscannable):
        assert found.reason
    else:
        assert found.host.startswith(f"{found.account_id}.dkr.ecr.{found.region}.")
        assert found.tag or found.digest
    assert found.uri.isascii()
    assert found.uri.isprintable()


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
