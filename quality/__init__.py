"""Gates: whether a day's data are good enough to learn from. Great Expectations suites, rendered from the contracts."""

from __future__ import annotations

import os

# Great Expectations reports its use to its makers unless it is told otherwise before it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
