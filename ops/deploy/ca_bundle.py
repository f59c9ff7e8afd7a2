"""Reads CA_BUNDLE, a local file with certificates that the functions trust for Qualys."""

import re
import ssl
from pathlib import Path

from ops.errors import OpsError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def read(path: str) -> str:
    """Returns the certificates in a file, without any other text. Raises OpsError."""
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
