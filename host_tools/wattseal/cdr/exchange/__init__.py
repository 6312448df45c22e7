"""CDRs between the parties: sending (CPO), receiving and reporting back (MSP)."""
