"""How far times may differ, and how long things are good."""

TOLERANCE_MS = 300_000
"""How far a module's clock may be ahead."""

CHALLENGE_MS = 3_600_000
"""How long a challenge of the registry is good."""

DAY_MS = 86_400_000
OFFLINE_DAYS = 30
