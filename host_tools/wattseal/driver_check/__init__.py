"""Checks a driver's session: what was charged, and whose key signed it (docs/driver-check.md).

The same check runs in a browser, from static/check: both say the same sentences (words.py) about
the same findings (wattseal.ocmf), and a test compares them.
"""
