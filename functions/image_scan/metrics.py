"""Writes CloudWatch metrics in the embedded metric format: as log lines, without a call.

Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
import time

from image_scan import config

NAMESPACE = "ImageScan"


def count(metric: str, value: int = 1, **dimensions: str) -> None:
    """Adds to a metric. A dimension must have few values: a verdict, but never an image."""
    dimensions = {"Installation": config.installation_name(), **dimensions}
    declared = {
        "Namespace": NAMESPACE,
        "Dimensions": [sorted(dimensions)],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [declared]},
        metric: value,
        **dimensions,
    }
    sys.stdout.write(json.dumps(line) + "\n")
