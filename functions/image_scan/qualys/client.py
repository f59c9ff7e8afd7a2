"""Makes the calls of the Container Security API v1.3 that a scan needs, one method each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from image_scan.errors import QualysRejected, QualysUnavailable, QualysUnreadable
from image_scan.qualys import bodies, reading
from image_scan.qualys.models import ScannedImage, Schedule, Vulnerabilities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from image_scan.qualys.transport import Transport

_PAGE = 200
# External ids that IAM accepts, except 0.
_EXTERNAL_ID = re.compile(r"(?![0-]+$)[A-Za-z0-9+=,.@:/_][A-Za-z0-9+=,.@:/_-]*")
_MOST_PAGES = 50  # the API gives at most 10,000 rows of a list


class QualysClient:
    """Every method raises the Qualys errors of `errors.py`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def aws_external_id(self) -> str:
        """Returns the external id that Qualys presents when it assumes the registry role."""
        answer = bodies.answered(self._transport.send("GET", "/registry/aws-base"))
        external_id = answer.get("externalId") if isinstance(answer, dict) else None
        if type(external_id) not in (int, str) or not _EXTERNAL_ID.fullmatch(str(external_id)):
            raise QualysUnreadable("aws-base has no external id")
        return str(external_id)

    def registry_uuid(self, uri: str) -> str:
        """Returns the UUID of the registry with exactly this URI, or empty.

        Qualys may ignore the filter, or store the URI in another form. So if nothing matches, all
        registries are compared.
        """
        wanted = reading.host(uri)
        for query in (f'registryUri:"{uri}"', ""):
            for row in self._pages("/registry", query, "registryUuid"):
                if reading.host(reading.text(row, "registryUri")) == wanted:
                    return reading.required_id(row, "registryUuid")
        return ""

    def connector_exists(self, role_arn: str, account_id: str) -> bool:
        path = f"/registry/aws/connectors/{account_id}"
        answer = self._transport.send("GET", path)
        found = None if answer.status_code == 404 else bodies.answered(answer)
        if isinstance(found, dict) and "arn" in found:
            found = [found]
        elif isinstance(found, dict) and "connectors" in found:
            found = found["connectors"]
        return any(reading.text(row, "arn") == role_arn for row in reading.rows(found))

    def create_connector(
        self, role_arn: str, external_id: str, name: str, account_type: str
    ) -> None:
        body = {
            "arn": role_arn,
            "externalId": external_id,
            "name": name,
            "description": "ECR images that are deployed on Fargate",
            "accountType": account_type,
        }
        self._create("/registry/aws/connector", body)

    def create_registry(
        self, uri: str, name: str, account_id: str, region: str, role_arn: str, account_type: str
    ) -> str:
        """Creates an ECR registry. Returns its UUID, empty if the answer has none."""
        body = {
            "registryType": "AWS",
            "registryUri": uri,
            "registryName": name,
            "credentialType": "AWS",
            "aws": {
                "accountId": account_id,
                "arn": role_arn,
                "region": region,
                "accountType": account_type,
            },
        }
        return reading.uuid_in(self._create("/registry", body), "registryUuid")

    def submit_scan(self, registry: str, name: str, repository: str, tag: str) -> str | None:
        """Starts an on-demand scan of one tag; None when the registry does not exist.

        Returns the schedule's UUID, empty when the answer has none.
        """
        body = {
            "name": name,
            "onDemand": True,
            "forceScan": True,
            "registryType": "AWS",
            "filters": [{"days": None, "repoTags": [{"repo": repository, "tag": tag}]}],
        }
        answer = self._transport.send("POST", f"/registry/{registry}/schedule", body=body)
        if answer.status_code == 404:
            return None
        return reading.uuid_in(bodies.created(answer), "scheduleUuid", "scheduleId")

    def schedules(self, registry: str, query: str = "") -> Iterator[Schedule]:
        for row in self._pages(f"/registry/{registry}/schedule", query, "scheduleUuid"):
            yield Schedule.read(row)

    def schedule(self, registry: str, uuid: str) -> Schedule | None:
        rows = self.schedules(registry, f'scheduleUuid:"{uuid}"')
        return next((each for each in rows if each.uuid == uuid), None)

    def schedule_named(self, registry: str, name: str) -> Schedule | None:
        """Finds a schedule by its name, for which Qualys has no filter."""
        named = (each for each in self.schedules(registry) if each.name == name)
        return next((each for each in named if reading.is_id(each.uuid)), None)

    def delete_schedule(self, registry: str, uuid: str) -> None:
        self._transport.send("DELETE", f"/registry/{registry}/schedule/{uuid}")

    def delete_schedules(self, registry: str, uuids: Sequence[str]) -> None:
        """Deletes schedules. Qualys leaves out those that are queued or running."""
        path = f"/registry/{registry}/schedule/bulk"
        self._transport.send("DELETE", path, params={"scheduleIds": uuids})

    def cancel_schedules(self, registry: str, uuids: Sequence[str]) -> None:
        """Cancels schedules. Qualys leaves out those that have ended."""
        path = f"/registry/{registry}/schedule/cancel"
        self._transport.send("POST", path, params={"scheduleIds": uuids})

    def image(self, sha: str) -> ScannedImage | None:
        """Returns an image's details by its bare config digest; None if Qualys has none."""
        params = {"scanDetails": "malware,secrets"}
        answer = self._transport.send("GET", f"/images/{sha}", params=params)
        row = None if answer.status_code == 404 else bodies.answered(answer)
        if row is None:
            return None
        if not isinstance(row, dict):
            raise QualysUnreadable("an image's details are not an object")
        return ScannedImage.read(row, detailed=True)

    def images(self, repository: str) -> Iterator[ScannedImage]:
        for row in self._pages("/images", f"repo.repository:`{repository}`", "sha"):
            yield ScannedImage.read(row)

    def images_of(self, query: str) -> list[ScannedImage]:
        """Returns all images that a query finds. Raises QualysUnreadable if the list is cut."""
        rows = self._pages("/images", query, "sha", whole=True)
        return [ScannedImage.read(row) for row in rows]

    def vulnerabilities(self, sha: str, apply_exceptions: bool, expected: int) -> Vulnerabilities:
        """Returns all entries of an image. Raises QualysUnavailable while Qualys processes them.

        The documents show no pages, but some clients request them. So further pages are read while
        they bring new findings and Qualys counts more. `expected` is the count of the image's
        record.
        """
        params: dict[str, str | int] = {
            "type": "ALL",
            "applyException": str(apply_exceptions).lower(),
        }
        found = self._vulnerabilities(sha, params)
        if found is None:
            raise QualysUnavailable("the image's vulnerabilities are not ready")
        known = 0
        for number in range(2, _MOST_PAGES + 1):
            counted = max(expected, found.confirmed + found.potential)
            if not known < len(found.entries) < counted:
                break
            page = self._further(sha, params, number)
            known, found = len(found.entries), found.joined(page) if page else found
        return found

    def _further(
        self, sha: str, params: Mapping[str, str | int], number: int
    ) -> Vulnerabilities | None:
        try:
            return self._vulnerabilities(sha, {**params, "pageNumber": number})
        except QualysRejected:
            return None  # there are no pages

    def _vulnerabilities(self, sha: str, params: Mapping[str, str | int]) -> Vulnerabilities | None:
        answer = self._transport.send("GET", f"/images/{sha}/vuln", params=params)
        found = None if answer.status_code == 404 else bodies.answered(answer)
        return None if found is None else Vulnerabilities.read(found)

    def malware(self, sha: str) -> Iterator[Mapping[str, Any]]:
        """Returns a row for each analysed layer, clean ones too. Raises QualysUnreadable at the end
        of a list that is shorter than its count."""
        return self._pages(f"/images/{sha}/layers/malware", "", "layerHash", whole=True)

    def malware_files(self, sha: str, layer: str) -> Sequence[Mapping[str, Any]]:
        """Returns the files of a layer with malware. By the documents, there are no pages."""
        if not reading.is_id(layer):
            return []
        answer = self._transport.send("GET", f"/images/{sha}/layers/{layer}/malware/files")
        return reading.rows(None if answer.status_code == 404 else bodies.answered(answer))

    def vulnerability_count(self, sha: str) -> int | None:
        """Returns how many vulnerabilities Qualys counts for an image; None if it has no count."""
        answer = self._transport.send("GET", f"/images/{sha}/vuln/count")
        found = None if answer.status_code == 404 else bodies.answered(answer)
        return None if found is None else reading.sum_of(found, "severity{}Count")

    def _create(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self._transport.send("POST", path, body=body)
        if answer.status_code == 404:
            raise QualysRejected(f"POST {path}: HTTP 404")
        return bodies.created(answer)

    def _pages(
        self, path: str, query: str, key: str, *, whole: bool = False
    ) -> Iterator[Mapping[str, Any]]:
        """Returns every row of a list, page by page, until a page has nothing new. `whole`: raises
        QualysUnreadable if there are fewer rows than the list counts."""
        seen: set[str] = set()
        counted = 0
        for number in range(1, _MOST_PAGES + 1):
            params: dict[str, str | int] = {"pageNumber": number, "pageSize": _PAGE}
            if query:
                params["filter"] = query
            answer = self._transport.send("GET", path, params=params)
            stated = None if answer.status_code == 404 else bodies.answered(answer)
            page = reading.rows(stated)
            counted = max(counted, reading.total(stated))
            new = [row for row in page if str(row.get(key)) not in seen]
            yield from new
            seen.update(str(row.get(key)) for row in new)
            # Qualys may return fewer rows than requested.
            if not new or (len(page) < _PAGE and reading.total(stated) <= len(seen)):
                break
        else:
            raise QualysRejected(f"{path}: more than {_MOST_PAGES} pages")
        if whole and counted > len(seen):
            raise QualysUnreadable(f"{path}: {len(seen)} rows of {counted}")
