"""A signing module on the link: its answers, its owner's key, its firmware."""
