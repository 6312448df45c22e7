"""Names for annotations; what they mean to a type checker is in shapes.pyi.

MicroPython has no `typing`, and never looks at an annotation.
"""

Json = object
JsonObject = dict
Row = tuple
MeterLine = ReadingUse = RegisterUse = Result = Ticks = Work = object
