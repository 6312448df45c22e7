"""What the registry keeps in its database: its log, and the states that follow from it."""
