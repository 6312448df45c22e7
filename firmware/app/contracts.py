"""Names of the types that the application works on; contracts.pyi defines them.

At run time any object with the right functions will do, a module too.
"""

Json = dict
BaseTest = ItemReader = Makers = Profiles = Result = ReadingUse = RegisterUse = Room = Step = (
    Work
) = object
Core = FlashAreas = Link = MeterLine = Port = Release = Ticks = object
