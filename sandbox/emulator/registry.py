"""ECR images: what a tag, a digest, or neither of them names.

An image is one manifest; tags point at it, and a tag points at one image at a time.
"""

import json
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import ecr

Json = dict[str, Any]

MAX_IMAGE_IDS = 100


def too_many(data: Json) -> Any:
    if len(data.get("imageIds") or []) <= MAX_IMAGE_IDS:
        return None
    message = (
        "Invalid parameter at 'imageIds' failed to satisfy constraint: "
        f"'Member must have length less than or equal to {MAX_IMAGE_IDS}'"
    )
    return error_response_json("InvalidParameterException", message, 400)


def missing_repository(data: Json) -> Any:
    name, registry = data.get("repositoryName", ""), data.get("registryId") or get_account_id()
    if registry == get_account_id() and name in ecr._repositories:
        return None
    message = (
        f"The repository with name '{name}' does not exist in the registry with id '{registry}'"
    )
    return error_response_json("RepositoryNotFoundException", message, 400)


def find(repository: str, image_id: Json) -> tuple[Json | None, str]:
    """The image that an id names, or None and the failure code."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if not digest and not tag:
        return None, "MissingDigestAndTag"
    images = ecr._images.get(repository, [])
    if not digest:
        image = next((image for image in images if tag in image["imageTags"]), None)
        return image, "ImageNotFound"
    image = next((image for image in images if image["imageDigest"] == digest), None)
    if image and tag and tag not in image["imageTags"]:
        return None, "ImageTagDoesNotMatchDigest"
    return image, "ImageNotFound"


def put_image(stock: Any, data: Json) -> Any:
    """Refuses what ECR refuses of a push, and keeps its media type; ministack takes anything."""
    if refusal := missing_repository(data):
        return refusal
    name, tag = data["repositoryName"], data.get("imageTag")
    manifest = json.loads(data.get("imageManifest") or "{}")
    digest = ecr._image_digest(data.get("imageManifest", ""))
    known = {image["imageDigest"]: image for image in ecr._images[name]}
    if digest in known and (not tag or tag in known[digest]["imageTags"]):
        message = (
            f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with "
            f"name '{name}' in registry with id '{get_account_id()}'"
        )
        return error_response_json("ImageAlreadyExistsException", message, 400)
    absent = [c["digest"] for c in manifest.get("manifests", []) if c["digest"] not in known]
    if absent:
        message = f"Images with digests '{absent}' required for pushing image do not exist"
        return error_response_json("ReferencedImagesNotFoundException", message, 400)
    media_type = data.get("imageManifestMediaType") or manifest.get("mediaType")
    if not media_type:
        message = "Image manifest media type is neither in the request nor in the manifest"
        return error_response_json("InvalidParameterException", message, 400)
    return stock(data | {"imageManifestMediaType": media_type, "imageDigest": digest})


def batch_get_image(_stock: Any, data: Json) -> Any:
    """Answers with the tag that was asked for; ministack adds tags that were not."""
    if refusal := missing_repository(data) or too_many(data):
        return refusal
    images, failures = [], []
    for image_id in data.get("imageIds", []):
        image, code = find(data["repositoryName"], image_id)
        if image is None:
            reason = "Requested image not found" if code == "ImageNotFound" else code
            failure = {"imageId": image_id, "failureCode": code, "failureReason": reason}
            failures.append(failure)
            continue
        named = {"imageDigest": image["imageDigest"]}
        if image_id.get("imageTag"):
            named["imageTag"] = image_id["imageTag"]
        shown = ("registryId", "repositoryName", "imageManifest", "imageManifestMediaType")
        images.append({key: image[key] for key in shown} | {"imageId": named})
    return json_response({"images": images, "failures": failures})


def describe_images(_stock: Any, data: Json) -> Any:
    """Fails for an image that does not exist; ministack leaves it out."""
    if refusal := missing_repository(data) or too_many(data):
        return refusal
    name = data["repositoryName"]
    images = ecr._images[name]
    if data.get("imageIds"):
        images = []
        for image_id in data["imageIds"]:
            image, _code = find(name, image_id)
            if image is None:
                digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
                message = (
                    f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not "
                    f"exist within the repository with name '{name}' in the registry with id "
                    f"'{get_account_id()}'"
                )
                return error_response_json("ImageNotFoundException", message, 400)
            images.append(image)
    status = (data.get("filter") or {}).get("tagStatus")
    details = [
        _detail(image)
        for image in images
        if status not in {"TAGGED", "UNTAGGED"} or bool(image["imageTags"]) == (status == "TAGGED")
    ]
    return json_response({"imageDetails": details})


def _detail(image: Json) -> Json:
    manifest = json.loads(image["imageManifest"] or "{}")
    layers = [manifest.get("config", {}), *manifest.get("layers", [])]
    detail = {
        "registryId": image["registryId"],
        "repositoryName": image["repositoryName"],
        "imageDigest": image["imageDigest"],
        "imageSizeInBytes": sum(layer.get("size", 0) for layer in layers),
        "imagePushedAt": image["imagePushedAt"],
        "imageManifestMediaType": image["imageManifestMediaType"],
    }
    if image["imageTags"]:
        detail["imageTags"] = list(image["imageTags"])
    if "config" in manifest:
        detail["artifactMediaType"] = manifest["config"].get("mediaType", "")
    return detail


def list_images(_stock: Any, data: Json) -> Any:
    """Lists one id for each tag, and one for an untagged image; ministack lists other ids."""
    if refusal := missing_repository(data):
        return refusal
    status = (data.get("filter") or {}).get("tagStatus")
    ids: list[Json] = []
    for image in ecr._images[data["repositoryName"]]:
        digest = {"imageDigest": image["imageDigest"]}
        if status != "UNTAGGED":
            ids += [digest | {"imageTag": tag} for tag in image["imageTags"]]
        if status != "TAGGED" and not image["imageTags"]:
            ids.append(digest)
    return json_response({"imageIds": ids})


def batch_delete_image(stock: Any, data: Json) -> Any:
    """Takes a tag away, and the image with its last tag; ministack deletes it at once."""
    if refusal := missing_repository(data) or too_many(data):
        return refusal
    deleted, remaining = [], []
    for image_id in data.get("imageIds", []):
        image, _code = find(data["repositoryName"], image_id)
        if image and not image_id.get("imageDigest") and len(image["imageTags"]) > 1:
            image["imageTags"].remove(image_id["imageTag"])
            deleted.append(image_id | {"imageDigest": image["imageDigest"]})
        else:
            remaining.append(image_id)
    status, headers, body = stock(data | {"imageIds": remaining})
    answer = json.loads(body)
    return status, headers, json.dumps(answer | {"imageIds": deleted + answer["imageIds"]}).encode()
