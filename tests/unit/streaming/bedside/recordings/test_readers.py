from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from clinical.vitals import INDEX
from lakehouse.errors import SettingsError
from streaming.bedside import recordings
from streaming.bedside.recordings import bidmc, cinc2012, cinc2019, mimic2, mimic3
from streaming.bedside.recordings.files import MissingRecordings
from streaming.bedside.recordings.recording import Recording


def column(recording: Recording, vital: str) -> list[float | None]:
    return [None if np.isnan(value) else value for value in recording.values[:, INDEX[vital]].tolist()]


class TestBidmc:
    NUMERICS = "Time [s], HR, PULSE, RESP, SpO2\n0,94,93,25,97\n1,94,,NaN,97\n2,95,93,25,96\n"

    def test_one_row_a_second(self) -> None:
        recording = bidmc.parse("01", io.StringIO(self.NUMERICS))
        assert (recording.patient_id, recording.period_s) == ("bidmc-01", 1.0)
        assert recording.at_s.tolist() == [0, 1, 2]
        assert column(recording, "heart_rate_bpm") == [94, 94, 95]
        assert column(recording, "spo2_pct") == [97, 97, 96]

    def test_blank_and_nan_are_not_measured(self) -> None:
        recording = bidmc.parse("01", io.StringIO(self.NUMERICS))
        assert column(recording, "pulse_rate_bpm") == [93, None, 93]
        assert column(recording, "resp_rate_bpm") == [25, None, 25]


class TestCinc2012:
    CHART = (
        "Time,Parameter,Value\n00:00,RecordID,132539\n00:00,Age,54\n00:00,Weight,-1\n"
        "00:07,HR,73\n00:07,NISysABP,147\n00:07,NIDiasABP,65\n00:07,GCS,15\n00:07,Temp,35.1\n00:07,Urine,900\n"
        "01:07,HR,-1\n01:07,SysABP,130\n01:07,NISysABP,147\n01:07,NIDiasABP,65\n01:07,FiO2,0.5\n"
        "02:07,HR,60\n02:07,FiO2,0.21\n03:00,K,4.1\n"
    )

    def read(self) -> Recording:
        recording = cinc2012.parse("a", "132539", self.CHART)
        assert recording is not None
        return recording

    def test_a_row_for_each_time_with_a_vital_sign(self) -> None:
        recording = self.read()
        assert recording.patient_id == "cinc2012-a-132539"
        assert recording.at_s.tolist() == [0, 3600, 7200]
        assert recording.period_s == 3600

    def test_minus_one_is_not_known(self) -> None:
        assert column(self.read(), "heart_rate_bpm") == [73, None, 60]

    def test_the_arterial_line_goes_before_the_cuff_as_a_whole(self) -> None:
        assert column(self.read(), "sbp_mmhg") == [147, 130, None]
        assert column(self.read(), "dbp_mmhg") == [65, None, None]

    def test_more_oxygen_than_in_air_is_supplemental(self) -> None:
        assert column(self.read(), "on_oxygen") == [None, 1, 0]

    def test_a_coma_scale_is_not_guessed_into_a_letter(self) -> None:
        assert column(self.read(), "consciousness") == [None, None, None]

    def test_a_patient_without_any_vital_sign_is_none(self) -> None:
        assert cinc2012.parse("a", "1", "Time,Parameter,Value\n00:00,Age,54\n") is None

    def test_an_archive_and_a_folder_read_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "packed").mkdir()
        (tmp_path / "plain" / "set-b").mkdir(parents=True)
        path = tmp_path / "plain" / "set-b" / "132539.txt"
        path.write_text(self.CHART)
        with tarfile.open(tmp_path / "packed" / "set-b.tar.xz", "w:xz") as tar:
            tar.add(path, "set-b/132539.txt")
        for folder in ("packed", "plain"):
            [recording] = cinc2012.read(tmp_path / folder)
            assert recording.patient_id == "cinc2012-b-132539"


class TestCinc2019:
    HOURS = (
        "HR|O2Sat|Temp|SBP|MAP|DBP|Resp|EtCO2|FiO2|ICULOS|SepsisLabel\n"
        "NaN|NaN|NaN|NaN|NaN|NaN|NaN|NaN|NaN|1|0\n"
        "93|92.5|NaN|110|76|56|22|NaN|0.4|2|0\n"
        "95|91|50|299|80|60|24|NaN|NaN|4|1\n"
    )

    def read(self) -> Recording:
        recording = cinc2019.parse("p100001", self.HOURS)
        assert recording is not None
        return recording

    def test_one_row_an_hour_in_the_icu_without_the_empty_ones(self) -> None:
        assert self.read().patient_id == "cinc2019-p100001"
        assert self.read().at_s.tolist() == [0, 7200]

    def test_odd_values_are_kept(self) -> None:
        assert column(self.read(), "temperature_c") == [None, 50]
        assert column(self.read(), "sbp_mmhg") == [110, 299]


class TestMimic3:
    HEADER = "row_id,subject_id,hadm_id,icustay_id,itemid,charttime,storetime,cgid,value,valuenum,valueuom\n"

    def events(self, *rows: tuple[int, str, int, str]) -> io.StringIO:
        lines = (f"1,{subject},2,3,{item},{time},,4,x,{value},\n" for subject, time, item, value in rows)
        return io.StringIO(self.HEADER + "".join(lines))

    def test_items_of_both_systems_are_known(self) -> None:
        events = self.events((10011, "2126-08-15 10:00:00", 211, "88"), (10011, "2126-08-15 11:00:00", 220045, "90"))
        [recording] = mimic3.parse(events)
        assert recording.patient_id == "mimic3-10011"
        assert column(recording, "heart_rate_bpm") == [88, 90]
        assert recording.at_s.tolist() == [0, 3600]

    def test_fahrenheit_becomes_celsius(self) -> None:
        [recording] = mimic3.parse(self.events((1, "2126-08-15 10:00:00", 678, "98.5999984741211")))
        assert column(recording, "temperature_c") == [37.0]

    def test_entry_errors_are_kept(self) -> None:
        [recording] = mimic3.parse(self.events((1, "2126-08-15 10:00:00", 455, "11647")))
        assert column(recording, "sbp_mmhg") == [11647]

    def test_other_items_and_empty_numbers_are_left_out(self) -> None:
        events = self.events((1, "2126-08-15 10:00:00", 24, "1.4"), (1, "2126-08-15 10:00:00", 211, ""))
        assert list(mimic3.parse(events)) == []

    def test_months_between_two_stays_are_played_as_a_day(self) -> None:
        events = self.events(
            (1, "2126-01-01 00:00:00", 211, "80"),
            (1, "2126-01-01 23:00:00", 211, "81"),
            (1, "2127-03-01 00:00:00", 211, "82"),
        )
        [recording] = mimic3.parse(events)
        assert recording.at_s.tolist() == [0, 23 * 3600, 47 * 3600]

    def test_a_compressed_table_is_read(self, tmp_path: Path) -> None:
        text = self.events((1, "2126-08-15 10:00:00", 211, "80")).getvalue()
        (tmp_path / "CHARTEVENTS.csv.gz").write_bytes(gzip.compress(text.encode()))
        assert len(list(mimic3.read(tmp_path))) == 1


class TestMimic2:
    SIGNALS = ("HR", "ABPSys", "ABPDias", "ABPMean", "PULSE", "RESP", "SpO2", "NBPSys", "NBPDias", "NBPMean")
    NONE = float("nan")
    MINUTES = np.array(
        [
            [62.8, 0, 0, 0, 0, 12.1, 0, NONE, NONE, NONE],
            [57.8, 0, 0, 0, 55.0, 11.5, 96.1, 132, 64, 86],
            [58.0, 120.5, 61, 80, 55.1, 11.0, 96.0, 132, 64, 86],
        ]
    )

    def read(self) -> Recording:
        return mimic2.parse("s00001-2896-10-10-00-31n", self.SIGNALS, self.MINUTES, 0.0166666666667)

    def test_one_row_a_minute(self) -> None:
        assert self.read().patient_id == "mimic2-s00001"
        assert self.read().at_s.tolist() == [0, 60, 120]

    def test_zero_is_not_connected(self) -> None:
        assert column(self.read(), "spo2_pct") == [None, 96.1, 96.0]

    def test_the_arterial_line_goes_before_the_cuff(self) -> None:
        assert column(self.read(), "sbp_mmhg") == [None, 132, 120.5]


class TestChoosing:
    def test_records_are_chosen_by_id_or_its_last_part(self, tmp_path: Path) -> None:
        (tmp_path / "bidmc").mkdir()
        for number in ("01", "25", "49"):
            (tmp_path / "bidmc" / f"bidmc_{number}_Numerics.csv").write_text(TestBidmc.NUMERICS)
        found = recordings.read(tmp_path, "bidmc", ["25", "bidmc-49"])
        assert [recording.patient_id for recording in found] == ["bidmc-25", "bidmc-49"]
        assert len(list(recordings.read(tmp_path, "bidmc", max_records=2))) == 2

    def test_a_dataset_that_is_not_there_says_how_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(MissingRecordings, match="lakehouse download bidmc"):
            list(recordings.read(tmp_path, "bidmc"))

    def test_an_unknown_dataset_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="one of bidmc"):
            list(recordings.read(tmp_path, "mitdb"))
