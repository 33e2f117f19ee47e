"""Who is told about which step: the table of cases, in the words of the policy."""

from datetime import timedelta
from typing import Any

import pytest

from streaming.notify.policy import decide
from streaming.notify.teams import parse
from tests.unit.streaming.notify.builders import NIGHT, event

TEAMS = parse("""\
default: [duty@h]
wards:
  icu: {first: [nurse@h], second: [physician@h], third: [consultant@h], technical: [biomed@h]}
  ward-a: {first: [nurse-a@h, nurse-a@h]}
""")
SILENCED = {"silenced_until": NIGHT + timedelta(minutes=10)}
OVER = {"silenced_until": NIGHT - timedelta(seconds=1)}

TOLD: list[tuple[dict[str, Any], list[str]]] = [
    ({"step": "onset", "priority": "high"}, ["nurse@h"]),
    ({"step": "onset", "priority": "medium"}, ["nurse@h"]),
    ({"step": "onset", "priority": None}, ["nurse@h"]),
    ({"step": "onset", "priority": "low"}, ["biomed@h"]),
    ({"step": "onset", "ward_id": None}, ["duty@h"]),
    ({"step": "onset", "ward_id": "ward-z"}, ["duty@h"]),
    ({"step": "onset", "ward_id": "ward-a"}, ["nurse-a@h"]),
    ({"step": "onset", **OVER}, ["nurse@h"]),
    ({"step": "worsen", "priority": "high"}, ["nurse@h"]),
    ({"step": "worsen", "priority": "high", "escalation": 1}, ["nurse@h", "physician@h"]),
    ({"step": "worsen", "priority": "high", "acknowledged": True}, ["nurse@h"]),
    ({"step": "worsen", "priority": "high", **SILENCED}, ["nurse@h"]),
    ({"step": "escalate", "priority": "high", "escalation": 1}, ["physician@h"]),
    ({"step": "escalate", "priority": "high", "escalation": 2}, ["consultant@h"]),
    ({"step": "escalate", "priority": "medium", "escalation": 1, "ward_id": "ward-a"}, ["nurse-a@h"]),
    ({"step": "escalate", "priority": "medium", "escalation": 1, "ward_id": None}, ["duty@h"]),
    ({"step": "expire", "priority": "medium"}, ["nurse@h"]),
    ({"step": "expire", "priority": "high", "escalation": 1}, ["nurse@h", "physician@h"]),
    ({"step": "transfer", "from_ward_id": "ward-a"}, ["nurse@h"]),
    ({"step": "transfer", "from_ward_id": None}, ["nurse@h"]),
    ({"step": "transfer", "from_ward_id": "ward-a", "escalation": 1}, ["nurse@h", "physician@h"]),
    ({"step": "clear", "priority": "medium"}, ["nurse@h", "physician@h", "consultant@h"]),
    ({"step": "clear", "ward_id": "ward-a"}, ["nurse-a@h"]),
]

HELD: list[tuple[dict[str, Any], str]] = [
    ({"step": "onset", **SILENCED}, "silenced"),
    ({"step": "escalate", "escalation": 1, **SILENCED}, "silenced"),
    ({"step": "onset", "priority": "low", "ward_id": "ward-a"}, "low priority and no technical address"),
    ({"step": "onset", "priority": "low", "ward_id": None}, "low priority and no technical address"),
    ({"step": "expire", "acknowledged": True}, "acknowledged"),
    ({"step": "transfer", "from_ward_id": "icu"}, "moved within its ward"),
    ({"step": "transfer", "from_ward_id": "ward-a", "acknowledged": True}, "acknowledged"),
    ({"step": "transfer", "from_ward_id": "ward-a", **SILENCED}, "silenced"),
    ({"step": "ease"}, "step ease is not mailed"),
    ({"step": "acknowledge"}, "step acknowledge is not mailed"),
    ({"step": "silence"}, "step silence is not mailed"),
    ({"step": "clear", "priority": "low"}, "step clear is not mailed"),
    ({"step": "discharge"}, "step discharge is not mailed"),
    ({"step": "refuse", "alert_id": None, "condition": None, "priority": None}, "step refuse is not mailed"),
]


@pytest.mark.parametrize(("fields", "recipients"), TOLD, ids=str)
def test_is_told_to(fields: dict[str, Any], recipients: list[str]) -> None:
    decision = decide(event(**fields), TEAMS)
    assert (list(decision.recipients), decision.reason) == (recipients, None)


@pytest.mark.parametrize(("fields", "reason"), HELD, ids=str)
def test_is_told_to_nobody_and_says_why(fields: dict[str, Any], reason: str) -> None:
    decision = decide(event(**fields), TEAMS)
    assert (decision.recipients, decision.reason) == ((), reason)


def test_the_end_of_an_alert_is_told_to_nobody_where_the_file_says_so() -> None:
    teams = parse("{default: [duty@h], cleared: []}")
    assert decide(event(step="clear"), teams).reason == "step clear is not mailed"


def test_a_priority_that_nobody_of_a_step_hears_of_goes_to_the_step_before() -> None:
    teams = parse("""\
default: [duty@h]
wards: {icu: {first: [nurse@h], second: [{to: [physician@h], priorities: [high]}]}}
""")
    told = [
        decide(event(step="escalate", escalation=1, priority=each), teams).recipients for each in ("high", "medium")
    ]
    assert told == [("physician@h",), ("nurse@h",)]
