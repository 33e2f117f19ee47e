"""The managers' mail, from real marts to a real mail server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from batch import summary
from bench.hospital import WARDS, fill
from lakehouse.errors import StoreError
from lakehouse.mart_tables import PATIENT_DAYS
from lakehouse.marts import Marts
from lakehouse.settings import Service, Settings
from tests.integration.streaming.notify.servers import PASSWORD, USER, Server
from tests.local_stack import ROOT

DAY = date(2036, 5, 20)
NOW = datetime(2036, 5, 21, 6, tzinfo=UTC)
MANAGERS = ("head@h.example", "chief@h.example")


@pytest.fixture(scope="module", autouse=True)
def _days(settings: Settings) -> None:
    with Marts(settings, Service.BATCH, patience_s=30) as marts:
        fill(marts, DAY, 10)
        # A night in which every patient has a hundred alarms more.
        rows = [row | {"alarms": row["alarms"] + 100} for row in marts.read(PATIENT_DAYS, DAY)]
        marts.replace_day(PATIENT_DAYS, DAY, rows)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as started:
        yield started


@pytest.fixture
def mailing(settings: Settings, server: Server) -> Settings:
    """The settings of the stack, with that mail server and two managers."""
    return settings.model_copy(
        update={"smtp": server.settings, "managers": MANAGERS, "superset_url": "https://reports.h.example"}
    )


def test_each_manager_has_one_mail_that_says_what_moved(mailing: Settings, server: Server) -> None:
    told = summary.run(mailing, DAY, NOW)
    assert told.sent == len(MANAGERS)
    assert told.moved[0] == "alarms_per_patient_day"
    for manager in MANAGERS:
        (mail,) = server.to(manager)
        assert mail["Subject"].startswith(f"Wardwatch {DAY}: Alarms per patient-day: 1")
        html = mail.get_body(("html",))
        assert isinstance(html, EmailMessage)
        assert "https://reports.h.example/superset/dashboard/alarm-burden/" in html.get_content()
        assert f">{sum(WARDS.values())}</td>" in html.get_content()
        pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
        assert [len(part.get_content()) > 5_000 for part in pictures] == [True, True]
        assert len(mail.as_bytes()) < 300_000


def test_sent_again_it_has_the_same_message_id(mailing: Settings, server: Server) -> None:
    summary.run(mailing, DAY, NOW)
    summary.run(mailing, DAY, NOW + timedelta(hours=1))
    first, second = server.to(MANAGERS[0])
    assert first["Message-ID"] == second["Message-ID"]


def test_one_address_that_is_refused_costs_nobody_else_the_mail(mailing: Settings, server: Server) -> None:
    server.on_rcpt = lambda to, _: "550 no such person" if to == MANAGERS[0] else None
    with pytest.raises(StoreError, match=r"head@h.example: 550 no such person; correct WARDWATCH_MANAGERS"):
        summary.run(mailing, DAY, NOW)
    assert len(server.to(MANAGERS[1])) == 1


def test_a_mail_server_that_is_away_is_said_in_words(mailing: Settings, server: Server) -> None:
    server.go_down()
    with pytest.raises(StoreError, match="the mail server must take the summary"):
        summary.run(mailing, DAY, NOW)
    server.go_up()


def test_the_command_sends_through_the_settings_and_ends_with_one_json_object(
    settings: Settings, server: Server
) -> None:
    variables = {
        "WARDWATCH_RUN": str(settings.run), "WARDWATCH_MANAGERS": json.dumps(MANAGERS),
        "WARDWATCH_SMTP__PORT": str(server.settings.port), "WARDWATCH_SMTP__CA_FILE": str(server.settings.ca_file),
        "WARDWATCH_SMTP__USER": USER, "WARDWATCH_SMTP__PASSWORD": PASSWORD,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "batch", "summary", "--date", str(DAY)],
        cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["sent"] == len(MANAGERS)
    assert len(server.to(MANAGERS[1])) == 1
