"""Where optional reference material lives: payloads and verdicts kept beside the checkout.

Tests that can use it skip with a reason when the folder is missing.
"""

from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[2] / "shared"
