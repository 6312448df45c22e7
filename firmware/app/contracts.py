"""Names of what the application is handed; what they promise stands in contracts.pyi.

Any object with the right functions will do, a module too, so at run time there is nothing to say.
"""

Json = dict
BaseTest = ItemReader = Made = ReadingUse = RegisterUse = Work = object
Core = FlashAreas = Link = MeterLine = Port = Release = Ticks = object
