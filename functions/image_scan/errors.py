"""Defines the errors. The state machines match the leaf class names: they are an interface."""

_LONGEST = 500


class ScanError(Exception):
    """Base class of all errors that this package raises on purpose.

    A message may quote an answer of AWS or Qualys. So it is shortened, and made valid in UTF-8.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message[:_LONGEST].encode("utf-8", "replace").decode())


class TransientError(ScanError):
    """Another try may succeed. The state machines retry each leaf class by its name."""


class AwsUnavailable(TransientError):
    """An AWS service throttled the call, failed, or could not be reached."""


class QualysUnavailable(TransientError):
    """Qualys answered 5xx or a redirect, did not answer in time, or could not be reached."""


class QualysUnreadable(TransientError):
    """Qualys' answer has no known form, or it is unknown whether Qualys carried out a call.

    The fault is the gateway's and not the image's. It never means that there are no findings.
    """


class QualysThrottled(TransientError):
    """Qualys' rate limit asks for a longer wait than a function can afford."""


class RegistryGone(TransientError):
    """The cached registry no longer exists at Qualys; the entry has been dropped."""


class RegistryNotReady(TransientError):
    """Another execution is creating the registry, or Qualys does not list it yet."""


class ScansAtLimit(TransientError):
    """Qualys already has as many scans as this installation allows at once."""


class PermanentError(ScanError):
    """Another try with the same input gives the same error."""


class MalformedEvent(PermanentError):
    """The event should name images but cannot be read; it is queued for redrive."""


class ImageUnread(PermanentError):
    """ECR did not answer for one image of an event. The event is queued for redrive; its other
    images are scanned meanwhile."""


class AwsRejected(PermanentError):
    """An AWS service refused the call: a permission or the resource is missing."""


class ConfigurationError(PermanentError):
    """An environment variable or the credential secret is missing or of the wrong form."""


class QualysUnauthorized(PermanentError):
    """Qualys refuses the credential (401): no image can be scanned until it is replaced."""


class QualysUntrusted(PermanentError):
    """The certificate of the server is not trusted, and nothing was sent. If a proxy inspects TLS,
    its certificate authority must be in network.ca_bundle."""


class ProxyUnauthorized(PermanentError):
    """The proxy asks for another user and password (407). Nothing reached Qualys."""


class QualysForbidden(PermanentError):
    """The credential lacks a permission or a scope (403), maybe for one image alone."""


class QualysRejected(PermanentError):
    """Qualys refused the request for another reason (4xx)."""


class UnexpectedAnswer(PermanentError):
    """Qualys' data of this image is contradictory: a finding has no severity, or Qualys counts more
    than it lists. Only this image is affected. It never means that there are no findings."""


class NotExamined(PermanentError):
    """The image was not examined for all that is required. The sensor's flags decide on that."""


class ScanFailed(PermanentError):
    """Qualys ended the scan with an error, or without a result for this image."""


class ImageNotScannable(PermanentError):
    """This image can never be scanned. For example, its tag names another image, or it has none."""
