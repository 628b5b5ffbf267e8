"""Where things are that tests read, wherever the test itself is."""

from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
SHARED = ROOT.parent / "shared"  # collections beside the checkout; what needs them is skipped without
