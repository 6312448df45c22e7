"""Commissioning: from a boxed module to a charge point that signs, and the document that says so.

Every step looks at the module and at the registry first and does only what is left to be done, so
a run that was cut anywhere goes on when it is started again. The job's folder keeps what a
technician must not lose; the module's state is always asked of the module.
"""
