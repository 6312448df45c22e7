"""The driver's own check: what was charged, was it signed, and by whose key (docs/driver-check.md).

The same check runs in a browser, from static/check: both say the same sentences (words.py) about
the same findings (wattseal.ocmf), and a test compares them.
"""
