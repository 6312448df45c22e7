"""Records of other makers, which came with their verdicts (tests/vectors/README.md)."""

from pathlib import Path

OCMF = Path(__file__).resolve().parents[1] / "vectors" / "ocmf"
