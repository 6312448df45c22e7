"""What the tests of the signing core share: building it, calling it, and what it runs on."""
