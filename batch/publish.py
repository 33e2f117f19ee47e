"""Puts the limits of a night in force: `limits` messages into the bedside log, and back by one version."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from batch.in_force import stated, why
from batch.recalibrate import writer_of
from batch.versions import (
    ROLLED_BACK,
    VERSIONS_A_DAY,
    before_day,
    holds_at,
    is_of_day,
    is_rolled_back,
    next_version,
    nightly_versions,
)
from clinical.calibration import CONDITION, UNCHANGED
from clinical.policy import POLICY, LimitsPolicy
from lakehouse.cassandra import Cassandra
from lakehouse.entries import RECALIBRATION
from lakehouse.errors import WardwatchError
from lakehouse.kafka import LogWriter
from lakehouse.lake import Filters, Lake
from lakehouse.messages import Limits, encode
from lakehouse.progress import unwatched
from lakehouse.settings import Service, Settings
from lakehouse.tables import AUDIT, LIMITS_PROPOSED
from lakehouse.topics import BEDSIDE

ONE_DAY: Final = timedelta(days=1)
DECIDED_BY: Final = timedelta(hours=7)  # of the morning after the day: a person may approve until 06:00
_COLUMNS: Final = ("patient_id", "condition", "decision", "new_limit", "reason", "large", "refusal", "policy")


class NothingToPublish(WardwatchError, LookupError):
    """Nothing was proposed for that day, or for those who are meant."""


class NotApproved(WardwatchError, ValueError):
    """A person looks at large changes first."""


@dataclass(frozen=True, slots=True)
class Published:
    """What was written to the log."""

    published: int
    already: int  # patients for whom there was nothing left to do
    refused: int
    kept_old: int = 0  # patients whose limits stay, as a person wants it
    why_nothing: str | None = None  # where a whole night has nothing to publish

    def summary(self) -> dict[str, Any]:
        """Return it for the last line of the job."""
        return asdict(self)


def publish(
    settings: Settings,
    day: date,
    now: datetime,
    approved_by: str | None = None,
    keep_old: Collection[str] = (),
    advance: Callable[[int], None] = unwatched,
    policy: LimitsPolicy = POLICY,
) -> Published:
    """Publish what the night of a day has proposed and the gate has let through.

    A repeated run writes nothing a second time, nor what a person has rolled back, nor over limits of a later day. The
    limits end 48 h after 07:00 of the morning on which the night is decided: one night without an answer changes
    nothing, two lead back to the defaults. A day that is so long ago, as when a week is filled in again, has nothing to
    publish; the limits that are in force stay.

    Parameters
    ----------
    now
        When this is asked for: limits that have run out by then are not published.
    approved_by
        Who has looked at the large changes; their messages say so.
    keep_old
        Patients whose limits stay as they are; a row of `audit` says so.
    advance
        Told how many patients more are looked at.

    Raises
    ------
    NotApproved
        When there are large changes, and nobody has approved them.
    NothingToPublish
        When that day was never calibrated, or nothing was proposed for one of those who keep what they have.
    """
    expires_at = end_of(day, policy)
    if expires_at <= now:
        return Published(0, 0, 0, why_nothing=f"limits of {day} ended at {expires_at}, as all limits of a night do")
    with Lake(settings, patience_s=60) as lake:
        rows = lake.read(LIMITS_PROPOSED, [("day", "=", day)], _COLUMNS).to_pylist()
        if not rows and lake.last_batch(LIMITS_PROPOSED, writer_of(day)) is None:
            raise NothingToPublish(
                f"what is published was proposed before; nothing of {day} was; "
                f"run `python -m batch recalibrate --date {day}` first"
            )
    if not rows:
        return Published(0, 0, 0, why_nothing=f"nobody was on a ward at the end of {day}")
    if approved_by is None and any(row["large"] for row in rows if row["refusal"] is None):
        raise NotApproved(
            f"large changes of limits are published on somebody's word; of {day} nobody has given it; "
            "name who has approved them: --by NAME"
        )
    strangers = set(keep_old) - {row["patient_id"] for row in rows}
    if strangers:
        raise NothingToPublish(
            f"who keeps the old limits is a patient for whom new ones were proposed; nothing was for "
            f"{', '.join(sorted(strangers))}; nothing is published; correct the id"
        )
    refused = {row["patient_id"] for row in rows if row["refusal"] is not None}
    wanted = [row for row in rows if row["refusal"] is None and row["patient_id"] not in keep_old]
    with Cassandra(settings, Service.BATCH, patience_s=60) as cassandra:
        messages = []
        already = 0
        for patient_id, limits, reason in proposed(wanted, approved_by):
            advance(1)
            versions = nightly_versions(cassandra, patient_id)
            if versions and is_settled(versions[0], day, limits, expires_at):
                already += 1
                continue
            version = next_version(versions[0]["version"] if versions else -1, day)
            messages.append(
                Limits(
                    patient_id=patient_id,
                    version=version,
                    limits=limits,
                    author=RECALIBRATION,
                    reason=reason,
                    expires_at=expires_at,
                )
            )
        cassandra.write_all(cassandra.upsert(AUDIT, row) for row in kept_rows(keep_old, day, now, approved_by))
    write(settings, messages)
    return Published(len(messages), already, len(refused), len(set(keep_old)))


def kept_rows(keep_old: Iterable[str], day: date, now: datetime, by: str | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of `audit`: who wanted the limits of which patients to stay, in the night of a day."""
    for patient_id in sorted(keep_old):
        yield {
            "day": now.date(), "at": now, "entry_id": f"publish-{day}-{patient_id}", "patient_id": patient_id,
            "by": by or "batch", "action": "keep_old_limits", "detail": json.dumps({"night_of": day.isoformat()}),
            "outcome": "accepted",
        }  # fmt: skip


def end_of(day: date, policy: LimitsPolicy) -> datetime:
    """Return when the limits of a day's night end: after the morning on which a later night is decided."""
    return datetime.combine(day + ONE_DAY, time(), UTC) + DECIDED_BY + timedelta(seconds=policy.valid_s)


def proposed(
    rows: Iterable[Mapping[str, Any]], approved_by: str | None = None
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield patient, limits and reason for each patient whose limits are, or were, not the defaults."""
    by_patient: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_patient[row["patient_id"]].append(row)
    for patient_id, own in sorted(by_patient.items()):
        limits: dict[str, Any] = {}
        said: dict[str, str] = {}
        for row in sorted(own, key=lambda each: each["condition"]):
            is_default = row["new_limit"] == CONDITION[row["condition"]].limit[0]
            limits[row["condition"]] = stated(None if is_default else row["new_limit"])
            if row["decision"] != UNCHANGED or not is_default:
                said[row["condition"]] = row["reason"]
        if said:
            is_large = any(row["large"] for row in own)
            yield patient_id, limits, why(own[0]["policy"], said, approved_by if is_large else None)


def is_settled(newest: Mapping[str, Any], day: date, limits: Mapping[str, Any], expires_at: datetime) -> bool:
    """Say whether nothing is left to do: these limits are in force, or were taken back, or a later day has its own."""
    is_same = json.loads(newest["limits"]) == limits and newest["expires_at"] == expires_at
    return is_same or is_rolled_back(newest, day) or newest["version"] >= next_version(-1, day) + VERSIONS_A_DAY


def roll_back(
    settings: Settings, day: date, by: str, now: datetime, patient_id: str | None = None, ward_id: str | None = None
) -> Published:
    """Take back what was published for a day: for one patient, one ward, or all. A repeated run writes nothing more.

    The limits before it come back, with the end of those that go; the defaults, where there were none, or none that
    were still in force when those of the day came. Limits that have run out by `now` need no taking back.

    Raises
    ------
    NothingToPublish
        When nothing was proposed for that day for any such patient.
    """
    filters: Filters = [("day", "=", day)]
    filters += [("patient_id", "=", patient_id)] if patient_id is not None else []
    filters += [("ward_id", "=", ward_id)] if ward_id is not None else []
    with Lake(settings, patience_s=60) as lake:
        found = sorted(set(lake.read(LIMITS_PROPOSED, filters, ["patient_id"])["patient_id"].to_pylist()))
    if not found:
        whom = patient_id or ward_id or "anybody"
        raise NothingToPublish(f"what is rolled back was proposed; of {day} nothing was, for {whom}")
    with Cassandra(settings, Service.BATCH, patience_s=60) as cassandra:
        histories = [(each, nightly_versions(cassandra, each)) for each in found]
    answers = [rolled_back(patient, versions, day, by, now) for patient, versions in histories]
    messages = [message for message in answers if message is not None]
    write(settings, messages)
    return Published(len(messages), len(found) - len(messages), 0)


def rolled_back(
    patient_id: str, versions: Sequence[Mapping[str, Any]], day: date, by: str, now: datetime
) -> Limits | None:
    """Return the message that takes back the limits of a day; None where the newest are not of that day, or ran out.

    Parameters
    ----------
    versions
        Rows of `limits_by_patient` by recalibration, the newest first.
    """
    if not versions or not is_of_day(versions[0]["version"], day) or is_rolled_back(versions[0], day):
        return None
    newest = versions[0]
    if not holds_at(newest, now):
        return None
    before = before_day(versions, day)
    if before is not None:
        limits = json.loads(before["limits"])
    else:
        limits = {condition: stated(None) for condition in json.loads(newest["limits"])}
    return Limits(
        patient_id=patient_id,
        version=newest["version"] + 1,
        limits=limits,
        author=RECALIBRATION,
        reason=f"{ROLLED_BACK} version {newest['version']}, by {by}",
        expires_at=newest["expires_at"],
    )


def write(settings: Settings, messages: Iterable[Limits]) -> None:
    """Write messages to the bedside log and wait until they are there."""
    with LogWriter(settings, Service.BATCH) as log:
        for message in messages:
            log.send(BEDSIDE.name, message.patient_id.encode(), encode(message))
