"""What the firmware has to do, on whatever target: one suite for all of them."""
