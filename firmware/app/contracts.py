"""Names of the types that the application works on; contracts.pyi defines them.

At run time any object with the right functions will do, a module too.
"""

Json = dict
BaseTest = ItemReader = Makers = Profiles = Room = Step = object
Core = FlashAreas = Link = Port = Release = object
