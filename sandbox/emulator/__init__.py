"""The embedded AWS: ministack, held to what AWS does where ministack is more lenient.

Runs in the emulator's own virtual environment as `python -m sandbox.emulator`. Every module wraps
functions of one subject; nothing in the installed package is edited.
"""
