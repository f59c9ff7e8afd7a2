"""Of all tests."""

from sandbox.emulator import sdk_descriptions

sdk_descriptions.read_once()
