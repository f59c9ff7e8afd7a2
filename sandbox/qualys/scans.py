"""Carries out scans of images, and shows their results at once or late."""

from collections.abc import Collection
from functools import partial

from sandbox.qualys.findings import dated
from sandbox.qualys.image_source import PulledImage
from sandbox.qualys.images import RESULT_PARTS, Image, RepoTag, ScanResult
from sandbox.qualys.scenario import Scenario
from sandbox.qualys.schedules import Schedule
from sandbox.qualys.world import World


class Scans:
    """Hold the world's lock around every call."""

    def __init__(self, world: World) -> None:
        self._world = world

    def known(self, job: Schedule, repo_tag: RepoTag, pulled: PulledImage) -> Image:
        world, now = self._world, self._world.clock.now()
        made = Image(
            sha=self._sha(repo_tag, pulled),
            created=now if pulled.created is None else pulled.created,
            updated=now,
            size=pulled.size,
            architecture=pulled.architecture,
            layers=list(pulled.layers),
        )
        image = world.images.add(made)
        by = self.switches(repo_tag, pulled).repo_digest_of
        digest = pulled.resolved if by == "reference" else pulled.manifest
        image.seen(repo_tag, digest.removeprefix("sha256:"), job.registry_uuid)
        return image

    def scan(self, job: Schedule, repo_tag: RepoTag, pulled: PulledImage, ended: float) -> None:
        """Scans an image. Its result is visible at once or later, early parts always at once."""
        world, switches = self._world, self.switches(repo_tag, pulled)
        result = self._result(job, repo_tag, pulled, switches, ended)
        lag = switches.results_lag_seconds if result else 0.0
        parts = switches.early_results if lag else RESULT_PARTS
        if parts:
            self._show(job, repo_tag, pulled, result, parts)
        if lag:
            show = partial(self._show, job, repo_tag, pulled, result, RESULT_PARTS)
            world.late.append((ended + world.clock.lasting(lag), show))

    def show_late(self) -> None:
        """Shows the results whose lag is over."""
        now, late = self._world.clock.now(), self._world.late
        self._world.late = [one for one in late if one[0] > now]
        for _, show in (one for one in late if one[0] <= now):
            show()

    def _result(
        self,
        job: Schedule,
        repo_tag: RepoTag,
        pulled: PulledImage,
        switches: Scenario,
        ended: float,
    ) -> ScanResult | None:
        """An image that was scanned is scanned again only by a force scan that is subscribed to."""
        world = self._world
        known = world.images.get(self._sha(repo_tag, pulled))
        forced = job.force_scan and switches.force_scan_enabled
        if switches.job_error is not None:
            job.add_error(switches.job_error, "The job failed on purpose", {})
            return None
        if known and known.scanned_at is not None and not forced:
            return None
        if (code := switches.scan_error_code) is not None:
            status, message = switches.failed_scan_status, switches.scan_error_message
            return ScanResult(ended, None, status, code, message)
        given = world.findings.of(self._sha(repo_tag, pulled), repo_tag.repository, repo_tag.tag)
        return ScanResult(
            ended,
            dated(given, known.findings if known else None, ended),
            malware=switches.malware if "malware" in switches.examines else None,
            secrets=switches.secrets if "secrets" in switches.examines else None,
        )

    def _show(
        self,
        job: Schedule,
        repo_tag: RepoTag,
        pulled: PulledImage,
        result: ScanResult | None,
        parts: Collection[str],
    ) -> None:
        image = self.known(job, repo_tag, pulled)
        if result:
            image.take(result, parts)

    def switches(self, repo_tag: RepoTag, pulled: PulledImage) -> Scenario:
        config = pulled.config.removeprefix("sha256:")
        return self._world.switches(config, [(repo_tag.repository, repo_tag.tag)])

    def _sha(self, repo_tag: RepoTag, pulled: PulledImage) -> str:
        by_manifest = self.switches(repo_tag, pulled).image_id_from == "manifest"
        return (pulled.manifest if by_manifest else pulled.config).removeprefix("sha256:")
