"""Reads what an operator asks `where` for: an image, a repository, a QID or a CVE."""

import argparse
import os
import re
from dataclasses import dataclass

from ops.errors import OpsError
from ops.scan_target import require_image

_KINDS = ("image", "repository", "qid", "cve")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}", re.IGNORECASE)
_QID = re.compile(r"[0-9]{1,10}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REPOSITORY = re.compile(r"(?:[^/]*[.:][^/]*/)?[a-z0-9][a-z0-9._/-]*")


@dataclass(frozen=True)
class Asked:
    """What is looked for. `kind` is image, repository, qid or cve."""

    kind: str
    value: str


def add_options(parser: argparse.ArgumentParser) -> None:
    texts = {
        "image": "a URI, a digest (sha256:...), a repository, or repository:tag (IMAGE)",
        "repository": "all images of a repository (REPOSITORY)",
        "qid": "all images with this finding of Qualys (QID)",
        "cve": "all images with this CVE (CVE)",
    }
    for kind, text in texts.items():
        parser.add_argument(f"--{kind}", default=os.environ.get(kind.upper(), ""), help=text)


def read(arguments: argparse.Namespace) -> Asked:
    """Raises OpsError unless exactly one valid thing is asked for."""
    given = [Asked(kind, str(getattr(arguments, kind)).strip()) for kind in _KINDS]
    given = [each for each in given if each.value]
    if not given:
        raise OpsError(
            "Name what to look for: IMAGE=<uri, digest or repository:tag>, REPOSITORY=, QID= or "
            "CVE=."
        )
    if len(given) > 1:
        names = " and ".join(each.kind.upper() for each in given)
        raise OpsError(f"Give one of IMAGE, REPOSITORY, QID and CVE: {names} are given.")
    _require_valid(given[0])
    return given[0]


def _require_valid(asked: Asked) -> None:
    if asked.kind == "image":
        require_image(asked.value)
    elif asked.kind == "cve" and not _CVE.fullmatch(asked.value):
        raise OpsError(f"CVE={asked.value} is not one CVE: write it as CVE-2022-3602.")
    elif asked.kind == "qid" and not _QID.fullmatch(asked.value):
        raise OpsError(f"QID={asked.value} is not one QID: it is a number, such as 376574.")
    elif asked.kind == "repository":
        require_repository(asked.value)


def require_repository(value: str) -> None:
    """Raises OpsError for what is no name of a repository."""
    if not _REPOSITORY.fullmatch(value):
        raise OpsError(
            f"REPOSITORY={value} is no repository: it is a name without a tag or digest, "
            "such as shop/app. IMAGE= takes both."
        )


def require_account(value: str) -> None:
    """Raises OpsError for what is no id of an account."""
    if not _ACCOUNT.fullmatch(value):
        raise OpsError(f"ACCOUNT={value} is no account: it has 12 digits.")
