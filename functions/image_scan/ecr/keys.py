"""The key of an image whose digest ECR does not confirm. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.ecr.identity import cache_key

if TYPE_CHECKING:
    from image_scan.contracts import Image


def reference_key(image: Image) -> str:
    """Returns the key of an image whose digest ECR does not confirm. Only its reference says that
    the digest is in this repository, and a reference may name any digest."""
    tag = f":{image['tag']}" if image["tag"] else ""
    digest = f"@{image['digest']}" if image["digest"] else ""
    name = f"{image['account_id']}/{image['region']}/{image['repository']}{tag}{digest}"
    return cache_key(name, image["platform"])
