"""Brings firmware into boards that have none yet, one by one or as they are plugged in."""
