"""The JSON that passes between the states of the two machines."""

from typing import Literal, NotRequired, TypedDict, get_args

from image_scan.results import Detections, Outcome, Verdict

# Who reads notifications: by e-mail, by SMS, in a chat, by a program. In the order of publishing.
Reader = Literal["people", "phones", "chat", "machines"]
READERS: tuple[Reader, ...] = get_args(Reader)


class Deployment(TypedDict):
    """Who deployed what where. Nothing of a container but its name ever enters it."""

    event_id: str
    event_name: str
    event_time: str
    account: str
    region: str
    cluster: str
    service: str
    task_definition: str
    principal: str


class Workload(Deployment):
    """A deployment, with the containers that run one image in it."""

    containers: list[str]


class Image(TypedDict):
    """One image of a deployment.

    `digest` is what the reference resolved to (an index or a manifest). `manifests`, `configs` and
    `certain` say what runs of it on the `platform`, see `ecr.identity`; digests have their
    `sha256:` prefix. `unscannable` is the reason why no scan can be asked for, or empty.
    `role_account_id` is the member account whose role the sensor assumes to pull it, empty for
    the installation's own role. `unread` says why ECR answered nothing for it: the event has to be
    read again. `awaited`: its repository does not exist yet, and a pull-through cache may make it
    with the first pull. `out_of_scope` names the rule that leaves it out at this workload;
    `allow_at_gate`: that rule lets it start without a verdict. `wanted`: somebody waits for
    its verdict all the same.
    """

    uri: str
    key: str
    account_id: str
    region: str
    host: str
    repository: str
    tag: str
    digest: str
    platform: str
    manifests: list[str]
    configs: list[str]
    certain: bool
    containers: list[str]
    unscannable: str
    role_account_id: str
    unread: NotRequired[str]
    awaited: NotRequired[bool]
    out_of_scope: NotRequired[str]
    allow_at_gate: NotRequired[bool]
    wanted: NotRequired[bool]


class TaskState(TypedDict):
    """A task that ECS has reported: it runs, or has stopped. `reconciled`: a reconciliation has
    found it running. `rescan` are images of it whose verdict is too old, with its scan's number."""

    arn: str
    stopped: bool
    reconciled: NotRequired[bool]
    rescan: NotRequired[dict[str, int]]


class ParsedEvent(TypedDict):
    """`force`: a scan is asked for even where a verdict is known. `task` is None for a call."""

    event_id: str
    deployment: Deployment
    images: list[Image]
    skipped: str
    force: bool
    task: TaskState | None


class Lease(TypedDict):
    """The right to scan one image. `key` is its cache key, `acquired_at` epoch milliseconds."""

    key: str
    owner: str
    acquired_at: int
    execution_name: str


class CacheDecision(TypedDict):
    """What to do with an image: scan it, notify of a known verdict, or nothing. `again`: its
    workloads know the verdict, and are notified of what has become notifiable since then. `scan`
    is the number of the scan whose verdict it is."""

    decision: Literal["scan", "notify", "skip"]
    lease: Lease | None
    outcome: Outcome | None
    again: NotRequired[bool]
    scan: NotRequired[int]


class Registry(TypedDict):
    """`cached` when it was not asked for at Qualys this time. `first_wait`: the seconds before the
    first check of a scan, by which most scans of this registry have ended."""

    uuid: str
    cached: bool
    first_wait: int


class Submission(TypedDict):
    """One on-demand schedule; `submitted_at` in epoch milliseconds."""

    schedule_uuid: str
    submitted_at: int


class Status(TypedDict):
    """What one poll found.

    `reported` and `severe` are how many vulnerabilities the image's record counts, and how many of
    them are of severity 4 or 5; `levels` how many of each, from 1 to 5. `ended_checks` is how many
    polls have seen the scan job ended. `fixes` is what `fixes.pack` makes of the image's software.
    `detected` is what the image's details say of malware and secrets; absent where they were not
    read. `doubt` says why the result cannot prove that the image is clean, where it cannot.
    """

    complete: bool
    sha: str
    scanned_at: int
    fresh: bool
    reported: int
    severe: int
    ended_checks: int
    levels: NotRequired[list[int]]
    fixes: NotRequired[str]
    doubt: NotRequired[str]
    detected: NotRequired[Detections]


class ScanInput(TypedDict):
    """One image on its way through both machines. `force` and `task` (of ECS) reach no further than
    CheckCache."""

    event_id: str
    deployment: Deployment
    image: Image
    force: NotRequired[bool]
    task: NotRequired[TaskState | None]


class SubmitInput(ScanInput):
    """`account` has caused the scan. `attempt` counts the retries of the state, from 0."""

    account: str
    registry: Registry
    execution_name: str
    attempt: int


class StatusInput(ScanInput):
    """`ended_checks` as the poll before counted it, 0 at first; `last` when no poll will follow."""

    registry: Registry
    submission: Submission
    ended_checks: int
    last: bool


class ResultsInput(ScanInput):
    registry: Registry
    submission: Submission
    status: Status


class Waited(TypedDict):
    """How a result was waited for: `submitted_at` in epoch milliseconds, so many seconds before the
    first check, and in all so many checks."""

    submitted_at: int
    first_wait: int
    checks: int


class Rejudged(TypedDict):
    """A verdict that Qualys knows more than: that of the scan `number`."""

    number: int


class CompletionInput(ScanInput):
    """`again` and `scan` as CheckCache says them; `execution_arn` is that of the scan, where one
    has just ended, and `waited` of one with a result. `rejudged`: there was no scan, and `lease`
    gives the verdict a new number."""

    lease: Lease | None
    outcome: Outcome
    again: NotRequired[bool]
    scan: NotRequired[int]
    execution_arn: NotRequired[str]
    waited: NotRequired[Waited]
    rejudged: NotRequired[Rejudged]


class Completed(TypedDict):
    """`queued`: the machine queues the request for a redrive. Not if it has queued that of
    the scan before, which ended in the same way."""

    verdict: Verdict
    notified: bool
    queued: bool
    error: str
    reason: str
