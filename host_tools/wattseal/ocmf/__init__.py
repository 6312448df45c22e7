"""OCMF records, those of this project's modules and of other makers: read, and verified."""
