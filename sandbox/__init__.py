"""The pipeline without an AWS account: embedded AWS, embedded Qualys. Nothing here is deployed."""
