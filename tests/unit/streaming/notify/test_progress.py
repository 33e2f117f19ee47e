"""A position is safe to commit when every record before it is dealt with."""

from streaming.notify.progress import Progress


def progress(*records: tuple[int, int]) -> Progress:
    """Records of partition 0: offset and how many deliveries each asks for."""
    reading = Progress()
    for offset, deliveries in records:
        reading.read((0, offset), deliveries)
    return reading


def test_records_that_ask_for_nothing_are_safe_at_once() -> None:
    assert progress((5, 0), (6, 0)).positions() == {0: 7}


def test_a_record_under_way_holds_back_those_behind_it() -> None:
    reading = progress((5, 0), (6, 1), (7, 0))
    assert (reading.positions(), len(reading)) == ({0: 6}, 1)
    reading.done((0, 6))
    assert (reading.positions(), len(reading)) == ({0: 8}, 0)


def test_a_record_is_dealt_with_when_its_last_delivery_is_made() -> None:
    reading = progress((5, 2))
    reading.done((0, 5))
    assert reading.positions() == {}
    reading.done((0, 5))
    assert reading.positions() == {0: 6}


def test_a_position_is_told_once() -> None:
    reading = progress((5, 0))
    assert (reading.positions(), reading.positions()) == ({0: 6}, {})


def test_a_partition_that_was_taken_away_is_forgotten() -> None:
    reading = progress((5, 1), (6, 0))
    reading.forget([0, 3])
    reading.done((0, 5))
    assert (reading.positions(), len(reading)) == ({}, 0)
