"""The firmware's version, as `hello` tells it and as records carry it in GV."""

VERSION = "0.1.0"
