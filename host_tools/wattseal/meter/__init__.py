"""Meters themselves: profiles, and what reads, finds, traces and emulates a meter on its line."""
