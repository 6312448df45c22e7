"""Firmware updates: the signed bundle, and how its image gets into a module."""
