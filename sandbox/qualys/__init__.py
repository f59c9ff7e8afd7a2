"""A simulator of Qualys Container Security (CSAPI v1.3) for AWS ECR registries.

It follows the vendor's documents, not the client of this repository. Where they leave something
open, `Scenario` has a switch. Its comment says if no document states the behaviour.
"""

from sandbox.qualys.clock import Clock
from sandbox.qualys.control import ControlRefused, SimulatorControl
from sandbox.qualys.ecr import AwsCredentials, EcrImages
from sandbox.qualys.image_source import (
    HeldImages,
    ImageSource,
    PulledImage,
    PullError,
    RegistryAccess,
)
from sandbox.qualys.process import QualysProcess
from sandbox.qualys.sensor_user import make_sensor_user
from sandbox.qualys.server import Credentials, QualysSimulator, Tls

__all__ = [
    "AwsCredentials",
    "Clock",
    "ControlRefused",
    "Credentials",
    "EcrImages",
    "HeldImages",
    "ImageSource",
    "PullError",
    "PulledImage",
    "QualysProcess",
    "QualysSimulator",
    "RegistryAccess",
    "SimulatorControl",
    "Tls",
    "make_sensor_user",
]
