"""Names for annotations; what they mean to a type checker is in shapes.pyi.

MicroPython has no `typing`, and never looks at an annotation.
"""


def const(value):
    """Return the value. MicroPython's compiler puts it in wherever the name is used afterwards: so
    a tuple of such names stays in flash, as one of literals does."""
    return value


Json = object
JsonObject = dict
Row = tuple
MeterLine = ReadingUse = RegisterUse = Result = Ticks = Work = object
