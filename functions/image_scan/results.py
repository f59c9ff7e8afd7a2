"""What is known of an image after its scan, as JSON between the states and in the cache."""

from typing import Literal, NotRequired, TypedDict

Verdict = Literal["CLEAN", "FINDINGS", "UNSCANNABLE", "TIMEOUT", "ERROR"]


class Counts(TypedDict):
    critical: int
    high: int
    medium: int
    low: int


class TopFinding(TypedDict):
    """`fixes` are packages with the version that fixes them, from wherever Qualys gives it.

    `exploit`: one exists; `exploited`: the vulnerability is known to be exploited now. `qds` is the
    Qualys Detection Score, 1 to 100, None where there is none. Older findings have neither.
    """

    qid: int
    title: str
    severity: int
    cves: list[str]
    packages: list[str]
    fixes: list[str]
    patch: bool
    exploit: bool
    exploited: NotRequired[bool]
    qds: NotRequired[int | None]


class Detection(TypedDict):
    """Malware or a secret in an image.

    `name` is that of the file, or of the detector of the secret, never its value; `severity` is on
    the scale of its kind; `family` is what it is: family and category.
    """

    kind: Literal["malware", "secret"]
    name: str
    severity: Literal["critical", "high", "medium", "low"]
    family: str


class Detected(TypedDict):
    """What an image was examined for, of one kind; `why` it was not, or not wholly. `found` names
    the worst; all of them count."""

    examined: bool
    counts: Counts
    found: list[Detection]
    why: str


class Detections(TypedDict):
    malware: Detected
    secrets: Detected


class Outcome(TypedDict):
    """How a scan ended. Without `counts` there was no result; `reason` then says why.

    `scanned_at` is Qualys' scan time in epoch milliseconds; `fresh` is false when the subscription
    did not scan again and the result is an older one. `fixable` are those of `counts` that have a
    fix, `listed` is what `encoding.pack` makes of all findings. `examined` names what was looked
    for; `malware` and `secrets` are absent where nobody looked and none was found. `recorded` is
    how many vulnerabilities Qualys' record of the image counted, and how many of each severity from
    1 to 5.
    `assessed_at`: Qualys has assessed the image again then, without a scan. `had_result`: the image
    had a result before this scan, or before it was assessed.
    """

    verdict: Verdict
    had_result: NotRequired[bool]
    reason: NotRequired[str]
    error: NotRequired[str]
    cause: NotRequired[str]
    counts: NotRequired[Counts]
    potential: NotRequired[Counts]
    fixable: NotRequired[Counts]
    exempted: NotRequired[int]
    listed: NotRequired[str]
    top: NotRequired[list[TopFinding]]
    examined: NotRequired[list[str]]
    malware: NotRequired[Counts]
    secrets: NotRequired[Counts]
    detections: NotRequired[list[Detection]]
    scanned_at: NotRequired[int]
    fresh: NotRequired[bool]
    config_digest: NotRequired[str]
    recorded: NotRequired[list[int]]
    assessed_at: NotRequired[int]
