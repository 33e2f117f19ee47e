"""Whether proposed limits can be meant. Pure: a frame in, a frame out."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from clinical.conditions import LIMIT_CONDITIONS
from clinical.policy import loosest

COLUMNS: Final = ("patient_id", "condition", "decision", "old_limit", "new_limit")
_SIGN: Final = {condition.name: 1 if condition.side == "high" else -1 for condition in LIMIT_CONDITIONS}
_LOOSEST: Final = {condition.name: loosest(condition) for condition in LIMIT_CONDITIONS}
_DECISIONS: Final = {1.0: "loosened", 0.0: "unchanged", -1.0: "tightened"}


def contradictions(proposed: pd.DataFrame) -> pd.DataFrame:
    """Count what no calibration may propose.

    Parameters
    ----------
    proposed
        COLUMNS of `limits_proposed`, of one day; may be empty.

    Returns
    -------
    pandas.DataFrame
        One row: rows whose condition the catalogue does not know; rows whose new limit is looser than the policy ever
        allows; rows whose decision is not what old and new limit say; rows beyond the first of a patient's condition.
    """
    sign = proposed["condition"].map(_SIGN).astype(float)
    beyond = sign * (proposed["new_limit"] - proposed["condition"].map(_LOOSEST).astype(float)) > 0
    direction = np.sign(sign * (proposed["new_limit"] - proposed["old_limit"]))
    known = sign.notna()
    row = {
        "unknown_conditions": (~known).sum(),
        "beyond_policy": beyond.sum(),
        "decisions_unlike_limits": (known & (direction.map(_DECISIONS) != proposed["decision"])).sum(),
        "repeated_proposals": proposed.duplicated(["patient_id", "condition"]).sum(),
    }
    return pd.DataFrame([row]).astype(float)
