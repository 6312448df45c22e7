"""The targets: where the firmware runs."""
