"""Every rule has one bound and a reason, and a name of its own."""

from __future__ import annotations

import pytest

from quality.thresholds import ENTRIES_RULES, LIMITS_PROPOSED_RULES, MARTS_RULES, READINGS_RULES, Rule


def test_a_rule_has_exactly_one_bound() -> None:
    with pytest.raises(ValueError, match="one bound"):
        Rule(name="both", column="rows", at_least=1, at_most=2, severity="stop", reason="Because.")
    with pytest.raises(ValueError, match="one bound"):
        Rule(name="none", column="rows", severity="stop", reason="Because.")


def test_a_rule_says_why() -> None:
    with pytest.raises(ValueError, match="sentence"):
        Rule(name="mute", column="rows", at_least=1, severity="stop", reason="")


def test_names_are_the_keys_of_the_mart() -> None:
    for rules in (READINGS_RULES, ENTRIES_RULES, LIMITS_PROPOSED_RULES, MARTS_RULES):
        names = [rule.name for rule in rules]
        assert len(set(names)) == len(names)
