"""Reads and verifies OCMF records, of this project's modules and of other makers."""
