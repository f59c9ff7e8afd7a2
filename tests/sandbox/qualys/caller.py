"""A caller of the simulated gateway that knows nothing but HTTP."""

from typing import Any

import requests

from sandbox.qualys import HeldImages, PulledImage, QualysProcess, QualysSimulator

TOKEN = "an-access-token"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/qualys-sensor"
REGISTRY: dict[str, Any] = {
    "registryType": "AWS",
    "registryUri": f"https://{HOST}",
    "registryName": "ecr-123456789012-eu-west-1",
    "credentialType": "AWS",
    "aws": {
        "accountId": "123456789012",
        "arn": ROLE,
        "region": "eu-west-1",
        "accountType": "Global",
    },
}


def digest(letter: str) -> str:
    return "sha256:" + letter * 64


def single(letter: str = "a") -> PulledImage:
    """An image without an index: its tag resolves to its manifest."""
    return PulledImage(config=digest(letter), manifest=digest("e"), resolved=digest("e"), size=10)


class Caller:
    def __init__(self, simulator: QualysSimulator | QualysProcess, token: str = TOKEN) -> None:
        self.url = simulator.url
        self.headers = {"Authorization": f"Bearer {token}"}
        self.simulator = simulator
        self.control = simulator.control

    def ask(self, method: str, path: str, **values: Any) -> requests.Response:
        return requests.request(
            method, f"{self.url}/csapi/v1.3{path}", headers=self.headers, timeout=5, **values
        )

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.ask("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.ask("POST", path, json=body)

    def delete(self, path: str, **query: Any) -> requests.Response:
        return self.ask("DELETE", path, params=query)

    @property
    def held(self) -> HeldImages:
        """The images that a simulator in this process pulls."""
        assert isinstance(self.simulator, QualysSimulator)
        assert isinstance(self.simulator.image_source, HeldImages)
        return self.simulator.image_source

    def push(self, repository: str, tag: str, image: PulledImage) -> None:
        self.held.push(HOST, repository, {tag: image})

    def registry(self) -> str:
        """Makes the registry and reads its UUID back."""
        assert self.post("/registry", REGISTRY).status_code == 201
        return str(self.get("/registry").json()["data"][0]["registryUuid"])

    def schedule(self, registry: str, tag: str = "1.0", **values: Any) -> str:
        pairs = [{"repo": values.pop("repo", "team/app"), "tag": tag}]
        filters = [{"days": values.pop("days", None), "repoTags": pairs}]
        body = {"name": "job", "onDemand": True, "forceScan": True, "filters": filters, **values}
        answer = self.post(f"/registry/{registry}/schedule", body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["scheduleUuid"])

    def job(self, registry: str, schedule: str) -> dict[str, Any]:
        rows = self.get(f"/registry/{registry}/schedule", filter=f"scheduleUuid:{schedule}")
        return dict(rows.json()["data"][0])

    def image(self, letter: str = "a") -> dict[str, Any]:
        """The details of the image whose config is of that letter."""
        return dict(self.get(f"/images/{letter * 64}").json())

    def scan(self, tag: str = "1.0", **values: Any) -> dict[str, Any]:
        """One job from start to end; what became of it."""
        known = self.get("/registry")
        registry = known.json()["data"][0]["registryUuid"] if known.content else self.registry()
        schedule = self.schedule(registry, tag, **values)
        self.finish()
        return self.job(registry, schedule)

    def finish(self) -> None:
        """Lets every phase of every job pass."""
        for _ in range(3):
            self.control.advance(60)
