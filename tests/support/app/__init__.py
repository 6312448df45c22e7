"""Fakes of what the application is handed; each behaves, and fails on purpose when told to."""
