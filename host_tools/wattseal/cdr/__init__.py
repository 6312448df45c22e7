"""Charge detail records on their way from the CPO to the bill: building, validating, reporting.

What every part of the package speaks of stands in ocpi.py (a CDR), findings.py (what can
be wrong with it), validate.py (the verdict), rules.py (what a side asks for) and keys.py (which
key is right).
"""
