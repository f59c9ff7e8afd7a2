"""The embedded AWS: ministack, corrected where it permits more than AWS does.

Runs in the emulator's own virtual environment as `python -m sandbox.emulator`. Every module wraps
functions of one subject; nothing in the installed package is edited.
"""
