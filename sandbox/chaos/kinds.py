"""Defines the images of a run: their findings, how their scans go, and the expected results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sandbox.images import PushedImage
    from sandbox.qualys.control import SimulatorControl

Json = dict[str, Any]
Counts = dict[str, dict[str, int]]  # by kind of finding, then by level
_LEVELS = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low"}
_COUNTED = ("counts", "malware", "secrets")  # as verdicts and messages name them
EXAMINED = {"vulnerabilities", "malware", "secrets"}  # what the sensor looks for
SECRET = "canary-secret-of-chaos"  # the value of each secret, which nothing may show


@dataclass(frozen=True)
class Kind:
    """`severities` of its vulnerabilities, `malware` those of its files, `secrets` those of its
    detectors. With `trouble` the scan has no result, and the verdict is `due`."""

    severities: tuple[int, ...] = ()
    malware: tuple[int, ...] = ()
    secrets: tuple[str, ...] = ()
    trouble: Json = field(default_factory=dict)
    due: str = ""

    @property
    def behaviour(self) -> Json:
        """As the simulator takes it."""
        detected = {
            "malware": [{"severity": severity} for severity in self.malware],
            "secrets": [
                {"severity": severity, "path": f"/app/.env-{number}", "value": SECRET}
                for number, severity in enumerate(self.secrets)
            ],
        }
        return {**self.trouble, **{name: found for name, found in detected.items() if found}}


KINDS: dict[str, Kind] = {
    "clean": Kind(),
    "bad": Kind((5, 4, 3)),
    "mild": Kind((3, 2)),
    "infected": Kind(malware=(1,)),  # notified whatever its severity is
    "leaky": Kind((3,), secrets=("HIGH", "LOW")),
    "job error": Kind(trouble={"job_error": "The sensor could not pull"}, due="ERROR"),
    "never ends": Kind(trouble={"never_ends": True}, due="TIMEOUT"),
    "scan error": Kind(trouble={"scan_error_code": "1601"}, due="ERROR"),
}
SHARES = {
    "clean": 36,
    "bad": 26,
    "mild": 18,
    "infected": 5,
    "leaky": 5,
    "job error": 4,
    "never ends": 2,
    "scan error": 4,
}


@dataclass
class Truth:
    """The facts of an image, known in advance. `due`: its verdict if nothing fails. `is_alert`:
    every workload must be notified. `before`: its counts before Qualys rated a finding worse.
    `notified`: its workloads were already notified of all findings of the version before."""

    repository: str
    digest: str
    due: str
    counts: Counts
    is_alert: bool
    before: Counts | None = None
    notified: bool = False


class Facts(Protocol):
    """What a run knows of its images: truths by digest, the digests that each reference has had,
    and the digest that each request by hand, by its event's id, scans."""

    truths: dict[str, Truth]
    tags: dict[str, set[str]]
    requests: dict[str, str]


def findings(kind: str, first_qid: int) -> list[Json]:
    """The findings of an image of a kind. With other QIDs, they are new to every workload."""
    return [
        {"qid": first_qid + n, "severity": severity, "title": f"finding {n}"}
        for n, severity in enumerate(KINDS[kind].severities)
    ]


def prepare(control: SimulatorControl, image: PushedImage, kind: str, found: list[Json]) -> Truth:
    """Makes Qualys find these in an image, and returns the truth about it."""
    control.set_findings(image.config_digest.removeprefix("sha256:"), found)
    if behaviour := KINDS[kind].behaviour:
        control.behave(image.config_digest, **behaviour)
    severities = tuple(int(each["severity"]) for each in found)
    return truth(image.repository, image.digest, KINDS[kind], severities)


def truth(repository: str, digest: str, kind: Kind, severities: tuple[int, ...]) -> Truth:
    """Returns the truth about an image of a kind, with vulnerabilities of these severities."""
    secrets = [4 if each == "HIGH" else 1 for each in kind.secrets]
    found = {"counts": severities, "malware": kind.malware, "secrets": secrets}
    counts = {name: _by_level(each) for name, each in found.items()}
    worst = max((*severities, *secrets), default=0)
    due = kind.due or ("FINDINGS" if any(found.values()) else "CLEAN")
    return Truth(repository, digest, due, counts, worst >= 4 or bool(kind.malware))


def counted(notice: Json) -> Counts:
    """The counts of a verdict or a message."""
    levels = dict.fromkeys(_LEVELS.values())
    return {
        name: {level: int((notice.get(name) or {}).get(level, 0)) for level in levels}
        for name in _COUNTED
    }


def _by_level(severities: Any) -> dict[str, int]:
    levels = [_LEVELS[each] for each in severities]
    return {level: levels.count(level) for level in dict.fromkeys(_LEVELS.values())}
