"""What a driver is given with an invoice: the rated sessions, and what it takes to check them."""
