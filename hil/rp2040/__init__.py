"""An RP2040 on which the real firmware image runs: rp2040py with its peripherals made true."""
