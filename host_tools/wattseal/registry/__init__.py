"""The public-key registry: who signs for which charge point, since when, and proof that it is said.

Everything that the registry knows is a record in an append-only log; the tables that answer
questions are computed from the records and from nothing else (docs/registry.md).
"""
