"""A client for the simulator's control API: sets up the simulator and reads what happened."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from sandbox.qualys.limits import LimitAnswer
from sandbox.qualys.scenario_file import read_file

_SECONDS = 30
_LIMIT_PARTS = {one.name for one in dataclasses.fields(LimitAnswer)}


class ControlRefused(Exception):
    """The simulator does not know a name, or a value does not fit it."""


class SimulatorControl:
    """`authority` is the file of a certificate authority to trust, where the URL is https."""

    def __init__(self, url: str, authority: Path | None = None) -> None:
        self._url = f"{url}/_control"
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor certificates of the machine
        if authority:
            self._session.verify = str(authority)

    def scenario(self, **values: Any) -> dict[str, Any]:
        """Sets switches of the scenario (see `Scenario`) and returns them all."""
        return dict(self._call("POST", "/scenario", values))

    def behave(self, key: str = "*", **values: Any) -> None:
        """How scans go and look (see `Behaviour`) of a sha, `repository:tag`, `repository` or `*`.

        No values: as the scenario says, again.
        """
        self._call("POST", "/behaviours", {"key": key, "values": values})

    def set_findings(self, key: str, findings: Iterable[Mapping[str, Any]]) -> None:
        """What scans find from now on, by config digest, `repository:tag` or `repository`.

        Each finding has `qid`, `title` and `severity`; what else is given replaces a default.
        """
        self._call("POST", "/findings", {"key": key, "findings": list(findings)})

    def know_image(self, sha: str, **values: Any) -> None:
        """Adds an image, or changes it.

        `repo` and `repo_digests` are lists of its names. `scanned_seconds_ago` means that it was
        scanned, with these `findings`. Without both, its first scan has not ended. Findings with
        None as `scanned_seconds_ago` have no time of a scan.
        """
        self._call("POST", "/images", {"sha": sha, **values})

    def fail(self, path: str = ".*", **values: Any) -> int:
        """Adds a fault (see `Fault`); its number, for `fix`."""
        return int(self._call("POST", "/faults", {"path": path, **values})["id"])

    def throttle(
        self, path: str = "/csapi/.*", *, status: int = 429, times: int = 1, **limit: Any
    ) -> int:
        """Answers like a call over the limit, see `LimitAnswer`. Other values are given to the
        fault.

        Without values, the answer has the three headers of CSAPI, without Retry-After.
        """
        wanted = {name: limit.pop(name) for name in _LIMIT_PARTS & set(limit)}
        headers = LimitAnswer(**wanted).headers()
        return self.fail(path, status=status, headers=headers, times=times, **limit)

    def load(self, path: str | Path) -> None:
        """Sets the values of a scenario file; reset removes them. See `scenario_file`."""
        try:
            wanted = read_file(path)
        except ValueError as error:
            raise ControlRefused(str(error)) from error
        self._call("POST", "/load", wanted)

    def fix(self, number: int | None = None) -> None:
        """Takes one fault away, or all."""
        self._call("DELETE", "/faults" if number is None else f"/faults?id={number}")

    def faults(self) -> dict[str, Any]:
        """Each fault by number, with how many calls it matched and spoiled."""
        return dict(self._call("GET", "/faults"))

    def calls(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "/calls")["log"])

    def counts(self, image: str = "") -> dict[str, int]:
        """How many calls came in, by method and route: "GET /csapi/v1.3/images/{sha}".

        With an image, a sha, `repository:tag` or `repository`, those about it alone.
        """
        return dict(self._call("GET", f"/calls?image={quote(image)}")["counts"])

    def count(self, method: str, route: str, image: str = "") -> int:
        return self.counts(image).get(f"{method} {route}", 0)

    def forget_calls(self) -> None:
        self._call("DELETE", "/calls")

    def state(self) -> dict[str, Any]:
        """Registries, connectors, schedules and images as they are now."""
        return dict(self._call("GET", "/state"))

    def expire_tokens(self) -> None:
        """Every JWT that was minted so far is expired."""
        self._call("POST", "/tokens/expire")

    def grant_token(self, token: str) -> None:
        self._call("POST", "/tokens/grant", {"token": token})

    def revoke_token(self, token: str) -> None:
        self._call("POST", "/tokens/revoke", {"token": token})

    def advance(self, seconds: float) -> None:
        """Moves the clock, and waits until the sensor has done all that became due."""
        self._call("POST", "/clock", {"advance": seconds})

    def assess(self) -> int:
        """Has the marked images assessed again by what `set_findings` says, without a scan. Returns
        how many there were."""
        return int(self._call("POST", "/assess")["assessed"])

    def reset(self) -> None:
        """Forgets everything but credentials, minted tokens and the time."""
        self._call("POST", "/reset")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, self._url + path, json=body, timeout=_SECONDS)
        if answer.status_code == 400:
            raise ControlRefused(answer.json().get("error", answer.text))
        answer.raise_for_status()
        return answer.json() if answer.content else None
