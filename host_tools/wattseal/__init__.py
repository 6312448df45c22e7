"""Host tools of Wattseal: talk to a signing module, keep its records, verify OCMF."""

# pyproject.toml takes it from here: to ask the installed package takes a twentieth of a second.
__version__ = "0.1.0"
