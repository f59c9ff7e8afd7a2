"""Lists what is in the functions' zip, as a CycloneDX document.

cyclonedx-python-lib writes it: the library of the OWASP project that makes the format. It has the
schemas, so that a test can compare.
"""

import hashlib
import re
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from email.message import Message
from email.parser import Parser
from io import BytesIO

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

NAME = "fargate-image-scan"


def document(zipped: bytes, version: str, day: date) -> str:
    """Returns the JSON. It is the same for the same zip, version and day."""
    digest = hashlib.sha256(zipped).hexdigest()
    ours = Component(
        name=NAME,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=NAME,
        description="The zip of the Lambda functions. boto3 is not in it: the runtime brings it.",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{digest}#{version}"))
    bom.metadata.component = ours
    bom.metadata.timestamp = datetime.combine(day, time(), UTC)
    packages = {_name(facts["Name"]): facts for facts in _packages(zipped)}
    components = {name: _component(facts) for name, facts in packages.items()}
    for component in components.values():
        bom.components.add(component)
    needed = {name: _needs(facts) & components.keys() for name, facts in packages.items()}
    indirect = set().union(*needed.values())
    bom.register_dependency(ours, [components[name] for name in components.keys() - indirect])
    for name, others in needed.items():
        bom.register_dependency(components[name], [components[other] for other in others])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _packages(zipped: bytes) -> Iterator[Message]:
    """Yields what each package in the zip says of itself."""
    with zipfile.ZipFile(BytesIO(zipped)) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".dist-info/METADATA"):
                yield Parser().parsestr(archive.read(name).decode())


def _component(facts: Message) -> Component:
    name, version = _name(facts["Name"]), facts["Version"]
    licence = facts.get("License-Expression") or facts.get("License")
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{name}=={version}",
        purl=PackageURL("pypi", name=name, version=version),
        description=facts.get("Summary"),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )


def _needs(facts: Message) -> set[str]:
    """Returns the packages that this one needs in any case."""
    needs = facts.get_all("Requires-Dist") or []
    names = (re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0] for each in needs if ";" not in each)
    return {_name(name) for name in names}


def _name(name: str) -> str:
    """As packages are named in a PURL."""
    return re.sub(r"[-_.]+", "-", name).lower()
