"""What can go wrong. The state machines match the leaf class names: they are interface."""


class ScanError(Exception):
    """Base of everything that this package raises on purpose."""


class TransientError(ScanError):
    """Trying again may help; the state machines retry each leaf by name."""


class AwsUnavailable(TransientError):
    """An AWS service throttled the call, failed, or could not be reached."""


class QualysUnavailable(TransientError):
    """Qualys answered 5xx, did not answer in time, or could not be reached."""


class QualysThrottled(TransientError):
    """Qualys' rate limit asks for a longer wait than a function should sit through."""


class RegistryGone(TransientError):
    """The memoised registry no longer exists at Qualys; the memo has been dropped."""


class PermanentError(ScanError):
    """Trying again with the same input gives the same answer."""


class MalformedEvent(PermanentError):
    """The event should name images but cannot be read; it is kept in the failed-events queue."""


class AwsRejected(PermanentError):
    """An AWS service refused the call: no permission, or no such thing."""


class ConfigurationError(PermanentError):
    """An environment variable or the credential secret is missing or of the wrong form."""


class QualysUnauthorized(PermanentError):
    """Qualys refuses the credential (401), or it lacks a permission (403)."""


class QualysRejected(PermanentError):
    """Qualys refused the request for another reason (4xx)."""


class UnexpectedAnswer(PermanentError):
    """Qualys answered in a shape that is not known; never read as an absence of findings."""


class RegistryNotReady(PermanentError):
    """Qualys accepted the registry but does not list it."""


class ScanFailed(PermanentError):
    """Qualys ended the scan with an error, or without a result for this image."""


class ImageNotScannable(PermanentError):
    """No scan can ever answer for this image: its tag moved on, or it has none."""
