"""A model of the Cortex-M0+ that runs compiled code function by function, see machine.py."""
