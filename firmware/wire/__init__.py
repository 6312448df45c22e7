"""What both ends of Wattseal's link share: frames, methods, errors, OCMF payloads, Modbus RTU.

Nothing in this package does input or output, and every module runs unchanged on MicroPython
and on CPython.
"""
