"""The test rig: the firmware on an emulated chip, as a unix process or on a real board.

Every target is used alike (see `hil.rig`): a port that any serial client opens, a meter whose
energy runs and which misbehaves on request, and a power switch.
"""
