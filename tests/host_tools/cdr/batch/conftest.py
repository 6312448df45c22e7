"""Puts this folder's fakes where the tests, and the processes they start, can import them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
