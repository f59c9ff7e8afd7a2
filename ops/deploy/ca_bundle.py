"""CA_BUNDLE: certificates that the functions trust for Qualys, from a file on this machine."""

import re
import ssl
from pathlib import Path

from ops.errors import OpsError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def read(path: str) -> str:
    """The certificates in a file, without what stands around them. Raises OpsError."""
    try:
        text = Path(path).expanduser().read_text(errors="replace")
    except OSError as error:
        raise OpsError(f"CA_BUNDLE={path} cannot be read: {error.strerror}.") from None
    except RuntimeError:
        raise OpsError(f"CA_BUNDLE={path} cannot be read: there is no such user.") from None
    if "PRIVATE KEY" in text:
        raise OpsError(f"CA_BUNDLE={path} has a private key: give a file of certificates alone.")
    bundle = "\n".join(_CERTIFICATE.findall(text))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=bundle)
    except (ssl.SSLError, ValueError):
        raise OpsError(f"CA_BUNDLE={path} has no certificates in PEM.") from None
    return bundle
