"""The ward of a patient at the end of a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from batch.reports.census import Census, Place
from lakehouse.messages import Admission, encode
from lakehouse.tables import NO_WARD

DAY = date(2026, 11, 24)
NEXT = DAY + timedelta(days=1)


def move(landed: date, offset: int, **fields: Any) -> dict[str, Any]:
    message = Admission(**({"patient_id": "p1", "event": "admit"} | fields))
    return {"landed_date": landed, "partition": 0, "offset": offset, "body": encode(message).decode()}


def test_it_is_that_of_the_last_move_of_the_day_whatever_the_order_of_the_rows() -> None:
    census = Census(
        [
            move(NEXT, 3, event="transfer", ward_id="w3"),
            move(DAY, 2, event="transfer", ward_id="w2"),
            move(DAY, 1, ward_id="w1", spo2_scale=2),
        ]
    )
    assert [census.place("p1", day) for day in (DAY, NEXT)] == [Place("w2", 2), Place("w3", 2)]


def test_a_discharge_leaves_the_ward_as_it_was() -> None:
    census = Census([move(DAY, 1, ward_id="w1"), move(DAY, 2, event="discharge")])
    assert census.ward_id("p1", DAY) == "w1"


def test_who_was_not_admitted_yet_has_no_ward() -> None:
    census = Census([move(NEXT, 1, ward_id="w1")])
    assert (census.ward_id("p1", DAY), census.ward_id("p2", NEXT)) == (NO_WARD, NO_WARD)
