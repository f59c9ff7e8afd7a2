"""Structured log lines: one JSON object each, with the same context in all of them.

Callers name each field that they log. Container environments, commands, tokens and response bodies
are never logged, and no exception texts of other libraries.
"""

import logging
from collections.abc import Mapping
from typing import Any

import structlog

from image_scan import config

# At DEBUG these libraries log requests and answers, with the secrets in them.
_SILENT = ("boto3", "botocore", "urllib3", "requests")


def configure() -> None:
    """Sets structlog up, once per execution environment, and limits what libraries log."""
    for library in _SILENT:
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(config.log_level(), logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )


def bind(event: Mapping[str, Any]) -> None:
    """Makes the event id and image of a function's input the context of every line that follows."""
    configure()
    image = event.get("image")
    image = image if isinstance(image, Mapping) else {}
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        **{
            name: value
            for name, value in (
                ("event_id", event.get("event_id")),
                ("execution", event.get("execution_name")),
                ("digest", image.get("digest")),
                ("repository", image.get("repository")),
            )
            if value
        }
    )


def info(event: str, **fields: Any) -> None:
    structlog.get_logger().info(event, **fields)


def warning(event: str, **fields: Any) -> None:
    structlog.get_logger().warning(event, **fields)


def error(event: str, **fields: Any) -> None:
    structlog.get_logger().error(event, **fields)
