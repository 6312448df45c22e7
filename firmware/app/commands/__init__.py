"""What each method of the link does; link.py has the table of them.

A command gets the module and checked params, and may rely on the module being in a state that
the method table of wire/methods.py allows. It returns the result's fields or raises.
"""
