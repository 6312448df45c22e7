"""What tests set up: fake and simulated modules, registries, sessions, stations."""
