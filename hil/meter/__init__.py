"""The line between an emulated meter and the module: characters, time, an adaptor's bytes."""
