"""An emulated Modbus RTU meter: the register map of a profile, running energy, faults to order."""
