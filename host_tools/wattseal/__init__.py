"""Host tools of Wattseal: talk to a signing module, keep its records, verify OCMF."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("wattseal")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
