"""Who hears that an alert has cleared: who heard that it began, where that mattered."""

from datetime import timedelta

from streaming.notify.told import Told
from tests.unit.streaming.notify.builders import NIGHT, event

EVERYONE = ["nurse@h", "physician@h", "consultant@h"]
END = event(step="clear", priority="medium")


def told() -> Told:
    return Told(("high",), NIGHT - timedelta(hours=1))


def test_those_who_were_told_of_it_at_high_priority_hear_of_its_end() -> None:
    memory = told()
    memory.narrow(event(priority="medium"), ["nurse@h"])
    memory.narrow(event(step="worsen", priority="high"), ["nurse@h", "physician@h"])
    memory.narrow(event(step="ease", priority="medium"), [])
    assert memory.narrow(END, EVERYONE) == ["nurse@h", "physician@h"]


def test_nobody_hears_of_the_end_of_what_was_never_high() -> None:
    memory = told()
    memory.narrow(event(priority="medium"), ["nurse@h"])
    assert memory.narrow(END, EVERYONE) == []


def test_nobody_hears_of_the_end_of_what_nobody_was_told_of() -> None:
    assert told().narrow(END, EVERYONE) == []


def test_of_an_alert_from_before_this_process_everyone_may_have_been_told() -> None:
    before = Told(("high",), NIGHT + timedelta(hours=1))
    assert before.narrow(END, EVERYONE) == EVERYONE


def test_a_repeated_end_is_told_to_the_same() -> None:
    memory = told()
    memory.narrow(event(), ["nurse@h"])
    assert [memory.narrow(END, EVERYONE), memory.narrow(END, EVERYONE)] == [["nurse@h"]] * 2


def test_a_discharge_forgets_the_alert() -> None:
    memory = told()
    memory.narrow(event(), ["nurse@h"])
    memory.narrow(event(step="discharge"), [])
    assert memory.narrow(END, EVERYONE) == []
