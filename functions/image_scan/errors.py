"""What can go wrong. The state machines match the leaf class names: they are interface."""

_LONGEST = 500


class ScanError(Exception):
    """Base of everything that this package raises on purpose.

    Its words may quote what others answered: they are cut, and made fit for any encoding.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message[:_LONGEST].encode("utf-8", "replace").decode())


class TransientError(ScanError):
    """Trying again may help; the state machines retry each leaf by name."""


class AwsUnavailable(TransientError):
    """An AWS service throttled the call, failed, or could not be reached."""


class QualysUnavailable(TransientError):
    """Qualys answered 5xx or led elsewhere, did not answer in time, or could not be reached."""


class QualysUnreadable(TransientError):
    """Qualys answered in no form that is known, or the fate of a call is unknown.

    The gateway's fault and never the image's; and never read as an absence of findings.
    """


class QualysThrottled(TransientError):
    """Qualys' rate limit asks for a longer wait than a function should sit through."""


class RegistryGone(TransientError):
    """The cached registry no longer exists at Qualys; the entry has been dropped."""


class RegistryNotReady(TransientError):
    """Another execution is creating the registry, or Qualys does not list it yet."""


class ScansAtLimit(TransientError):
    """As many scans are at Qualys as this installation allows at once."""


class PermanentError(ScanError):
    """Trying again with the same input gives the same answer."""


class MalformedEvent(PermanentError):
    """The event should name images but cannot be read; it is queued for redrive."""


class ImageUnread(PermanentError):
    """ECR did not answer for one image of an event, which is queued for redrive; the others go on
    without it."""


class AwsRejected(PermanentError):
    """An AWS service refused the call: no permission, or no such thing."""


class ConfigurationError(PermanentError):
    """An environment variable or the credential secret is missing or of the wrong form."""


class QualysUnauthorized(PermanentError):
    """Qualys refuses the credential (401): no image can be scanned until it is replaced."""


class QualysUntrusted(PermanentError):
    """The certificate at the other end is not trusted. A proxy that inspects TLS needs its
    certificate authority in network.ca_bundle. Nothing was sent."""


class ProxyUnauthorized(PermanentError):
    """The proxy asks for another user and password (407). Nothing reached Qualys."""


class QualysForbidden(PermanentError):
    """The credential lacks a permission or a scope (403), maybe for one image alone."""


class QualysRejected(PermanentError):
    """Qualys refused the request for another reason (4xx)."""


class UnexpectedAnswer(PermanentError):
    """What Qualys has of this very image cannot be: a finding without severity, counts of more than
    is listed. The image's own fault, and never read as an absence of findings."""


class NotExamined(PermanentError):
    """The image was not examined for something that is required: a matter of the sensor's flags."""


class ScanFailed(PermanentError):
    """Qualys ended the scan with an error, or without a result for this image."""


class ImageNotScannable(PermanentError):
    """No scan can ever answer for this image: its tag moved on, or it has none."""
