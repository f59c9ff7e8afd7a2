"""Turns what AWS refuses, or does not answer, into one sentence for the operator."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection

from ops.errors import NoAnswer, OpsError

# AWS' codes for credentials that are unknown or have ended.
_NOT_ACCEPTED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


@contextmanager
def answers() -> Iterator[None]:
    """Raises OpsError, with one sentence, for missing or refused credentials; NoAnswer, if AWS
    refuses a call for another reason or does not answer."""
    try:
        yield
    except ClientError as error:
        raise _refused(error) from error
    except ProfileNotFound as error:
        raise OpsError(
            f"There is no AWS profile {error.kwargs['profile']}: set AWS_PROFILE to one that "
            "`aws configure list-profiles` lists."
        ) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise OpsError("No AWS credentials are found: set AWS_PROFILE, or log in.") from error
    except (SSOError, TokenRetrievalError, LoginError, CredentialRetrievalError) as error:
        raise OpsError(f"The login at AWS is not valid: log in again. {error}") from error
    except (NoConnection, HTTPClientError) as error:
        raise NoAnswer(
            f"AWS cannot be reached: {error}. Check the network, and HTTPS_PROXY."
        ) from error
    except BotoCoreError as error:
        raise NoAnswer(f"AWS does not answer: {error}") from error


def _refused(error: ClientError) -> OpsError:
    reported = error.response.get("Error", {})
    code = reported.get("Code", "")
    if code in _NOT_ACCEPTED:
        return OpsError(
            f"AWS does not accept your credentials ({code}): set AWS_PROFILE, or log in again."
        )
    words = f"{code}: {reported.get('Message', '')}".strip(": ")
    return NoAnswer(f"AWS refused {error.operation_name}: {words}")


def new_session() -> boto3.session.Session:
    """Returns a session with the environment's credentials. Raises OpsError for an unknown
    profile."""
    with answers():
        return boto3.session.Session()
