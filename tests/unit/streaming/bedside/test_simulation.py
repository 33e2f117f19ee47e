from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.bedside.course import Label
from streaming.bedside.episodes import HARD, SIMULATED
from streaming.bedside.physiology import DISPLAY_MAX, DISPLAY_MIN, GROUP
from streaming.bedside.recordings.recording import Floats
from streaming.bedside.simulation import Script, Simulation

NIGHT = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)


def whole(script: Script, groups: list[int] | None = None) -> tuple[Floats, list[Label]]:
    simulation = Simulation(script, NIGHT, groups)
    seconds = list(simulation)
    labels = [label for second in seconds for label in second.ended]
    return np.stack([second.values for second in seconds]), [*labels, *simulation.unfinished()]


def test_the_same_seed_gives_the_same_values_and_another_seed_others() -> None:
    first, again, other = (whole(Script(patients=3, seed=seed, seconds=50))[0] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other, equal_nan=True)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(0, 2**32))
def test_how_the_seconds_are_cut_changes_nothing(cuts: list[int], seed: int) -> None:
    script = Script(patients=5, seed=seed, seconds=sum(cuts), deteriorations_per_day=500)
    running = Simulation(script, NIGHT)
    parts = [second.values for cut in cuts for second in islice(running, cut)]
    np.testing.assert_array_equal(np.stack(parts), whole(script)[0])


@settings(max_examples=10)
@given(st.integers(1, 3 * GROUP), st.integers(1, 3), st.integers(0, 2**32))
def test_how_the_patients_are_shared_changes_nothing(patients: int, workers: int, seed: int) -> None:
    script = Script(patients=patients, seed=seed, seconds=5, deteriorations_per_day=500)
    values, labels = whole(script)
    shared_labels: list[Label] = []
    for worker in range(min(workers, script.groups)):
        groups = list(range(worker, script.groups, min(workers, script.groups)))
        share, own = whole(script, groups)
        np.testing.assert_array_equal(share, values[:, Simulation(script, NIGHT, groups).places])
        shared_labels += own
    assert sorted(map(str, shared_labels)) == sorted(map(str, labels))


def test_a_patient_does_not_depend_on_how_many_others_there_are() -> None:
    few, _ = whole(Script(patients=3, seconds=30))
    many, _ = whole(Script(patients=300, seconds=30))
    np.testing.assert_array_equal(few, many[:, :3])


def test_undisturbed_vitals_are_unremarkable_and_as_a_monitor_shows_them() -> None:
    # Breaches script the heart rate and switch everything else off.
    values, labels = whole(Script(patients=100, seconds=600, alerts_per_s=1))
    heart_rate, resp_rate, spo2, systolic, diastolic, temperature = np.moveaxis(values, -1, 0)
    assert not np.isnan(values).any()
    assert ((heart_rate == 150) | ((heart_rate > 45) & (heart_rate < 115))).all()
    assert ((resp_rate >= 9) & (resp_rate < 25)).all()
    assert ((spo2 > 92) & (spo2 <= 100)).all()
    assert ((systolic > 90) & (systolic < 180) & (diastolic < systolic)).all()
    assert ((temperature > 35.5) & (temperature < 38.1)).all()
    assert (values[..., :5] % 1 == 0).all()
    assert {label.episode.kind for label in labels} == {"breach"}


def test_every_value_is_one_that_a_monitor_can_show() -> None:
    values, _ = whole(Script(patients=200, seconds=900, deteriorations_per_day=200))
    assert (np.isnan(values) | ((values >= DISPLAY_MIN) & (values <= DISPLAY_MAX))).all()


def test_monitor_noise_is_smooth_from_second_to_second() -> None:
    values, _ = whole(Script(patients=100, seconds=300, alerts_per_s=0.01))
    systolic = values[..., 3]
    assert np.abs(np.diff(systolic, axis=0)).mean() < 1.5
    assert systolic.std(axis=0).mean() > 1


class TestLabels:
    script = Script(patients=GROUP, seed=3, seconds=2400, deteriorations_per_day=300)
    values, labels = whole(script)

    def of(self, nature: str) -> list[Label]:
        found = [label for label in self.labels if label.episode.nature == nature]
        assert found
        return found

    def shown(self, label: Label) -> Floats:
        return self.values[label.starts_s : label.ends_s, label.patient]

    def test_a_finished_deterioration_has_reached_a_hard_level(self) -> None:
        for label in self.of("deterioration"):
            if label.ends_s is not None:
                assert label.hard_s is not None
                assert label.starts_s <= label.hard_s < label.ends_s

    def test_the_hard_level_was_displayed_when_the_label_says_so(self) -> None:
        for label in self.of("deterioration"):
            if label.hard_s is None:
                continue
            displayed = dict(zip(SIMULATED, self.values[label.hard_s, label.patient], strict=True))
            assert any(
                displayed[vital] <= HARD[vital][0] or displayed[vital] >= HARD[vital][1]
                for vital in label.episode.towards
            )

    def test_a_peak_is_a_value_that_was_displayed(self) -> None:
        for label in self.labels:
            displayed = {vital.name: set(column) for vital, column in zip(SIMULATED, self.shown(label).T, strict=True)}
            assert all(value in displayed[vital] for vital, value in label.peak.items())

    def test_an_excursion_is_over_before_anyone_could_act(self) -> None:
        for label in self.of("excursion"):
            assert label.ends_s is None or label.ends_s - label.starts_s <= 5

    def test_a_lost_signal_has_no_values(self) -> None:
        for label in self.of("signal_loss"):
            lost = [SIMULATED.index(vital) for vital in label.episode.lost]
            assert np.isnan(self.shown(label)[:, lost]).all()

    def test_at_most_one_deterioration_at_a_time(self) -> None:
        by_patient: dict[int, list[Label]] = {}
        for label in sorted(self.of("deterioration"), key=lambda label: label.starts_s):
            by_patient.setdefault(label.patient, []).append(label)
        for labels in by_patient.values():
            for before, after in pairwise(labels):
                assert before.ends_s is not None
                assert before.ends_s <= after.starts_s


def test_the_chronically_ill_differ_from_the_same_patients_in_one_value() -> None:
    well, _ = whole(Script(patients=9, seconds=60, alerts_per_s=0.1))
    ill, _ = whole(Script(patients=9, seconds=60, alerts_per_s=0.1, chronic_share=1))
    changed = (np.abs(ill - well).mean(axis=0) > 0).sum(axis=1)
    np.testing.assert_array_equal(changed, 1)
