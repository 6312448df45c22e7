"""The registry over HTTP: the JSON API, the tile log, pages for people, and running it all.

Nothing is decided here; the service decides, these files say it (docs/registry.md).
"""
