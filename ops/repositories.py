"""Compares the repository that an operator names with that of an image. Pure."""

from image_scan.ecr import references
from image_scan.ecr.references import EcrReference, Unscannable


def is_of(asked: str, repository: str, uri: str) -> bool:
    """Checks whether an image is of the repository `asked`. A name without a registry is that of
    any registry of ECR, and of Docker Hub. `repository` and `uri` are those of the image, as they
    are stored."""
    named, image = references.parse(asked), references.parse(uri)
    return asked == repository or _full(named) == _full(image)


def _full(parsed: EcrReference | Unscannable) -> str:
    if isinstance(parsed, EcrReference):
        return f"{parsed.host}/{parsed.repository}"
    return parsed.full_name
