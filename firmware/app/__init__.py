"""The Wattseal application: boot, key policy, clock, meter, sessions, journal, event log, link.

Runs on MicroPython on the module and on CPython in the tests; what it needs of the outside (the
signing core with its flash, the port with its lines and clock) is handed in.
"""
