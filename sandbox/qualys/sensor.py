"""The Registry Sensor: takes jobs from Queued through listing and scanning to their end.

The pulls are made at the end of the listing phase, outside the lock; what a tag points at then is
what is scanned. A job that could not pull all it names scans the rest and ends in Error.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from sandbox.qualys.answers import Refusal
from sandbox.qualys.image_source import ImageSource, PullError
from sandbox.qualys.images import RepoTag, ScanResult
from sandbox.qualys.listing import Listing, list_images
from sandbox.qualys.scans import Scans
from sandbox.qualys.schedules import Schedule
from sandbox.qualys.world import World

_LOOK_EVERY_SECONDS = 0.02
_PARALLEL_JOBS = 8
_LOG = logging.getLogger(__name__)


class Sensor:
    def __init__(self, world: World, source: ImageSource) -> None:
        self._world = world
        self._source = source
        self._scans = Scans(world)
        self._workers = ThreadPoolExecutor(_PARALLEL_JOBS, "qualys-sensor-job")
        self._one_pass = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="qualys-sensor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._workers.shutdown()

    def advance(self) -> None:
        """Moves every job as far as the clock allows. Returns when none is due any more."""
        with self._one_pass:
            while due := self._due():
                list(self._workers.map(self._step, due))
            with self._world.lock:
                self._scans.show_late()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_SECONDS):
            self.advance()

    def _due(self) -> list[Schedule]:
        with self._world.lock:
            now = self._world.clock.now()
            scenario = self._world.scenario
            paused = scenario.sensor_paused or scenario.sensor != "running"
            jobs = [job for job in self._world.schedules.all() if not (paused and job.waiting)]
            return [job for job in jobs if job.due is not None and job.due <= now]

    def _step(self, job: Schedule) -> None:
        steps = {"queued": self._begin, "listing": self._list, "scanning": self._finish}
        try:
            steps.get(job.phase, lambda _job: None)(job)
        except Exception as error:  # a job must end, whatever the registry did to the sensor
            _LOG.exception("job %s", job.uuid)
            with self._world.lock:
                job.add_error("SENSOR_ERROR", str(error), {})
                job.end("Error", self._world.clock.now())

    def _begin(self, job: Schedule) -> None:
        world = self._world
        with world.lock:
            if job.phase == "queued":
                now = world.clock.now()
                job.status, job.phase = "Running", "listing"
                job.due = now + world.clock.lasting(world.scenario.listing_seconds)
                job.stamp(now, "jobStartDate", "jobListingStartDate")

    def _list(self, job: Schedule) -> None:
        world = self._world
        with world.lock:
            now = world.clock.now()
            try:
                registry = world.registries.get(job.registry_uuid, now)
            except Refusal as gone:
                job.add_error("REGISTRY_NOT_FOUND", gone.message, {})
                job.end("Error", now)
                return
            access = registry.access(world.scenario.external_id_of(registry.gov))
            matching = {pair: world.switches("", [pair]).tag_matching for pair in job.pairs}
        listing = list_images(self._source, access, job.filters, matching, now)
        with world.lock:
            if job.phase == "listing":  # else it was cancelled meanwhile
                self._listed(job, listing)

    def _listed(self, job: Schedule, listing: Listing) -> None:
        world, now = self._world, self._world.clock.now()
        job.stamp(now, "jobListingCompletionDate")
        for repo_tag, failure in listing.failed:
            self._not_pulled(job, repo_tag, failure)
        job.targets = listing.found
        if not job.targets:
            job.end("Error" if job.errors else "Finished", now)
            return
        job.phase = "scanning"
        job.stamp(now, "jobScanningStartDate")
        given = [self._scans.switches(repo_tag, pulled) for repo_tag, pulled in job.targets]
        for (repo_tag, pulled), switches in zip(job.targets, given, strict=True):
            if switches.visible_from == "listed":
                self._scans.known(job, repo_tag, pulled)
        longest = max(switches.scan_seconds for switches in given)
        endless = any(switches.never_ends for switches in given)
        job.due = None if endless else now + world.clock.lasting(longest)

    def _not_pulled(self, job: Schedule, repo_tag: RepoTag, failure: PullError) -> None:
        world = self._world
        switches = world.switches("", [(repo_tag.repository, repo_tag.tag)])
        if failure.missing and switches.missing_tag == "finish":
            return
        context = {"repo": repo_tag.repository, "tag": repo_tag.tag}
        job.add_error(failure.code, str(failure), context)
        result = ScanResult(
            world.clock.now(), None, switches.failed_scan_status, failure.code, str(failure)
        )
        for image in world.images.at(repo_tag):
            image.take(result)

    def _finish(self, job: Schedule) -> None:
        world = self._world
        with world.lock:
            if job.phase != "scanning":
                return
            # When it was due: of two jobs that end within one step of the clock, one is earlier.
            now = world.clock.now() if job.due is None else job.due
            job.stamp(now, "jobScanningCompletionDate")
            for repo_tag, pulled in job.targets:
                self._scans.scan(job, repo_tag, pulled, now)
            job.end("Error" if job.errors else "Finished", now)
