"""Frozen start file: MicroPython runs it by this name after every reset."""

from app.main import run

run()
