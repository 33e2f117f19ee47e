CREATE TABLE mart."alarm_episodes" (
  "day" date NOT NULL,
  "alert_id" text NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "bed" text,
  "condition" text NOT NULL,
  "priority" text NOT NULL,
  "value" double precision,
  "limit" double precision,
  "limits_version" bigint NOT NULL,
  "onset_at" timestamp with time zone NOT NULL,
  "raised_at" timestamp with time zone NOT NULL,
  "closed_at" timestamp with time zone,
  "ended_by" text,
  "in_alarm_s" double precision,
  "acknowledged_at" timestamp with time zone,
  "acknowledged_by" text,
  "to_acknowledge_s" double precision,
  "escalation" integer NOT NULL,
  "non_actionable" boolean NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "alert_id")
);

COMMENT ON TABLE mart."alarm_episodes" IS 'Each alert as one row, on the day on which its onset landed; a later day that tells its end completes it.';

COMMENT ON COLUMN mart."alarm_episodes"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."alarm_episodes"."alert_id" IS 'Derived from patient, condition and onset, so a repetition has the same.';

COMMENT ON COLUMN mart."alarm_episodes"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."alarm_episodes"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."alarm_episodes"."bed" IS 'Bed in which the patient lay at that time.';

COMMENT ON COLUMN mart."alarm_episodes"."condition" IS 'Alarm condition, as clinical.conditions names it.';

COMMENT ON COLUMN mart."alarm_episodes"."priority" IS 'low, medium or high.';

COMMENT ON COLUMN mart."alarm_episodes"."value" IS 'The value that decided, in the unit of its condition.';

COMMENT ON COLUMN mart."alarm_episodes"."limit" IS 'The limit that was crossed, in the unit of its condition.';

COMMENT ON COLUMN mart."alarm_episodes"."limits_version" IS 'Version of the limits that applied; 0 = defaults.';

COMMENT ON COLUMN mart."alarm_episodes"."onset_at" IS 'When the condition had lasted for its delay and became an alert.';

COMMENT ON COLUMN mart."alarm_episodes"."raised_at" IS 'When the alarm was raised: its condition had lasted long enough.';

COMMENT ON COLUMN mart."alarm_episodes"."closed_at" IS 'When the alert ended; null while it is open.';

COMMENT ON COLUMN mart."alarm_episodes"."ended_by" IS 'clear or discharge; null while the alert is open.';

COMMENT ON COLUMN mart."alarm_episodes"."in_alarm_s" IS 'From raised to closed, of alerts that are closed. Unit: s.';

COMMENT ON COLUMN mart."alarm_episodes"."acknowledged_at" IS 'First acknowledgement by a person.';

COMMENT ON COLUMN mart."alarm_episodes"."acknowledged_by" IS 'Who acknowledged the alert.';

COMMENT ON COLUMN mart."alarm_episodes"."to_acknowledge_s" IS 'From raised to the first acknowledgement. Unit: s.';

COMMENT ON COLUMN mart."alarm_episodes"."escalation" IS 'How often the alert was passed on because nobody acknowledged it.';

COMMENT ON COLUMN mart."alarm_episodes"."non_actionable" IS 'It cleared by itself within 120 s of being raised, and nobody had acknowledged it.';

CREATE TABLE mart."alarm_burden_daily" (
  "day" date NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "condition" text NOT NULL,
  "priority" text NOT NULL,
  "alarms" bigint NOT NULL,
  "open_alarms" bigint NOT NULL,
  "in_alarm_s" double precision NOT NULL,
  "not_acknowledged_alarms" bigint NOT NULL,
  "not_acknowledged_pct" double precision NOT NULL,
  "median_to_acknowledge_s" double precision,
  "non_actionable_alarms" bigint NOT NULL,
  "non_actionable_pct" double precision NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "patient_id", "ward_id", "condition", "priority")
);

COMMENT ON TABLE mart."alarm_burden_daily" IS 'How many alarms a patient had of each condition and priority, how long, and what people made of them.';

COMMENT ON COLUMN mart."alarm_burden_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."alarm_burden_daily"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."alarm_burden_daily"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."alarm_burden_daily"."condition" IS 'Alarm condition, as clinical.conditions names it.';

COMMENT ON COLUMN mart."alarm_burden_daily"."priority" IS 'low, medium or high.';

COMMENT ON COLUMN mart."alarm_burden_daily"."alarms" IS 'Alerts raised on this day.';

COMMENT ON COLUMN mart."alarm_burden_daily"."open_alarms" IS 'Of the alarms, those that are open still: their time in alarm is unknown.';

COMMENT ON COLUMN mart."alarm_burden_daily"."in_alarm_s" IS 'From raised to closed, of alerts that are closed. Unit: s.';

COMMENT ON COLUMN mart."alarm_burden_daily"."not_acknowledged_alarms" IS 'Of the alarms, those that nobody acknowledged.';

COMMENT ON COLUMN mart."alarm_burden_daily"."not_acknowledged_pct" IS 'Share of the alarms that nobody acknowledged. Unit: %.';

COMMENT ON COLUMN mart."alarm_burden_daily"."median_to_acknowledge_s" IS 'Median time from raised to acknowledged, of those that were. Unit: s.';

COMMENT ON COLUMN mart."alarm_burden_daily"."non_actionable_alarms" IS 'Of the alarms, those that cleared by themselves within 120 s, unacknowledged.';

COMMENT ON COLUMN mart."alarm_burden_daily"."non_actionable_pct" IS 'Share of the alarms that were non-actionable. Unit: %.';

CREATE TABLE mart."patients_most_alarms" (
  "day" date NOT NULL,
  "rank" integer NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "alarms" bigint NOT NULL,
  "high_alarms" bigint NOT NULL,
  "non_actionable_alarms" bigint NOT NULL,
  "in_alarm_s" double precision NOT NULL,
  "top_condition" text NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "rank")
);

COMMENT ON TABLE mart."patients_most_alarms" IS 'The twenty patients of a day with the most alarms: where to look first.';

COMMENT ON COLUMN mart."patients_most_alarms"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."patients_most_alarms"."rank" IS '1 = the patient with the most alarms of the day.';

COMMENT ON COLUMN mart."patients_most_alarms"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."patients_most_alarms"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."patients_most_alarms"."alarms" IS 'Alerts raised on this day.';

COMMENT ON COLUMN mart."patients_most_alarms"."high_alarms" IS 'Of the alarms, those that reached high priority.';

COMMENT ON COLUMN mart."patients_most_alarms"."non_actionable_alarms" IS 'Of the alarms, those that cleared by themselves within 120 s, unacknowledged.';

COMMENT ON COLUMN mart."patients_most_alarms"."in_alarm_s" IS 'From raised to closed, of alerts that are closed. Unit: s.';

COMMENT ON COLUMN mart."patients_most_alarms"."top_condition" IS 'The condition with the most alarms of this patient.';

CREATE TABLE mart."patient_days" (
  "day" date NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "alarms" bigint NOT NULL,
  "high_alarms" bigint NOT NULL,
  "non_actionable_alarms" bigint NOT NULL,
  "in_alarm_s" double precision NOT NULL,
  "in_top_tenth" boolean NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "patient_id")
);

COMMENT ON TABLE mart."patient_days" IS 'The patients of a day, also those without an alarm, in their last ward: what alarms are held against.';

COMMENT ON COLUMN mart."patient_days"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."patient_days"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."patient_days"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."patient_days"."alarms" IS 'Alerts raised on this day.';

COMMENT ON COLUMN mart."patient_days"."high_alarms" IS 'Of the alarms, those that reached high priority.';

COMMENT ON COLUMN mart."patient_days"."non_actionable_alarms" IS 'Of the alarms, those that cleared by themselves within 120 s, unacknowledged.';

COMMENT ON COLUMN mart."patient_days"."in_alarm_s" IS 'From raised to closed, of alerts that are closed. Unit: s.';

COMMENT ON COLUMN mart."patient_days"."in_top_tenth" IS 'Whether the patient is of the tenth of the day''s patients, at least one, with most alarms.';

CREATE TABLE mart."ward_burden_daily" (
  "day" date NOT NULL,
  "ward_id" text NOT NULL,
  "condition" text NOT NULL,
  "priority" text NOT NULL,
  "patient_days" bigint NOT NULL,
  "alarms" bigint NOT NULL,
  "non_actionable_alarms" bigint NOT NULL,
  "not_acknowledged_alarms" bigint NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "ward_id", "condition", "priority")
);

COMMENT ON TABLE mart."ward_burden_daily" IS 'How many alarms a ward had of each condition and priority, beside how many patients it had.';

COMMENT ON COLUMN mart."ward_burden_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."ward_burden_daily"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."ward_burden_daily"."condition" IS 'Alarm condition, as clinical.conditions names it.';

COMMENT ON COLUMN mart."ward_burden_daily"."priority" IS 'low, medium or high.';

COMMENT ON COLUMN mart."ward_burden_daily"."patient_days" IS 'Patients of the ward on that day of whom anything was measured or raised; the same in each row.';

COMMENT ON COLUMN mart."ward_burden_daily"."alarms" IS 'Alerts raised on this day.';

COMMENT ON COLUMN mart."ward_burden_daily"."non_actionable_alarms" IS 'Of the alarms, those that cleared by themselves within 120 s, unacknowledged.';

COMMENT ON COLUMN mart."ward_burden_daily"."not_acknowledged_alarms" IS 'Of the alarms, those that nobody acknowledged.';

CREATE TABLE mart."alarm_hours_daily" (
  "day" date NOT NULL,
  "ward_id" text NOT NULL,
  "hour" integer NOT NULL,
  "priority" text NOT NULL,
  "alarms" bigint NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "ward_id", "hour", "priority")
);

COMMENT ON TABLE mart."alarm_hours_daily" IS 'At which hours of the day a ward was alarmed.';

COMMENT ON COLUMN mart."alarm_hours_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."alarm_hours_daily"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."alarm_hours_daily"."hour" IS 'Hour of the day, UTC.';

COMMENT ON COLUMN mart."alarm_hours_daily"."priority" IS 'low, medium or high.';

COMMENT ON COLUMN mart."alarm_hours_daily"."alarms" IS 'Alerts raised on this day.';

CREATE TABLE mart."limits_history" (
  "day" date NOT NULL,
  "partition" integer NOT NULL,
  "offset" bigint NOT NULL,
  "condition" text NOT NULL,
  "received_at" timestamp with time zone NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "author" text NOT NULL,
  "version" bigint NOT NULL,
  "medium_limit" double precision,
  "high_limit" double precision,
  "reason" text,
  "expires_at" timestamp with time zone,
  "rejected_for" text,
  UNIQUE NULLS NOT DISTINCT ("day", "partition", "offset", "condition")
);

COMMENT ON TABLE mart."limits_history" IS 'Who changed which limit, when and why, also in vain: a row is one condition of one `limits` message.';

COMMENT ON COLUMN mart."limits_history"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."limits_history"."partition" IS 'Kafka partition of the record.';

COMMENT ON COLUMN mart."limits_history"."offset" IS 'Offset of the record in its partition: the order in which it was folded.';

COMMENT ON COLUMN mart."limits_history"."condition" IS 'Alarm condition, as clinical.conditions names it.';

COMMENT ON COLUMN mart."limits_history"."received_at" IS 'When the log received it, by the broker''s clock, to 0.1 s.';

COMMENT ON COLUMN mart."limits_history"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."limits_history"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."limits_history"."author" IS 'Who set the limits: `recalibration` or a clinician.';

COMMENT ON COLUMN mart."limits_history"."version" IS 'Grows with each change of the same author''s layer.';

COMMENT ON COLUMN mart."limits_history"."medium_limit" IS 'Limit of medium priority; null = the default.';

COMMENT ON COLUMN mart."limits_history"."high_limit" IS 'Limit of high priority; null = the default.';

COMMENT ON COLUMN mart."limits_history"."reason" IS 'Why, in words.';

COMMENT ON COLUMN mart."limits_history"."expires_at" IS 'When these limits end; null = never.';

COMMENT ON COLUMN mart."limits_history"."rejected_for" IS 'Why the limits were refused; null = accepted.';

CREATE TABLE mart."limits_effect" (
  "day" date NOT NULL,
  "source" text NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "condition" text NOT NULL,
  "days_before" bigint NOT NULL,
  "days_after" bigint NOT NULL,
  "alarms_before_per_patient_day" double precision NOT NULL,
  "alarms_after_per_patient_day" double precision NOT NULL,
  "in_alarm_before_s" double precision,
  "in_alarm_after_s" double precision,
  "events_missed" bigint,
  "lead_change_s" double precision,
  UNIQUE NULLS NOT DISTINCT ("day", "source", "patient_id", "condition")
);

COMMENT ON TABLE mart."limits_effect" IS 'What personal limits changed: the alarms of a condition a patient-day, with the old limits and the new.';

COMMENT ON COLUMN mart."limits_effect"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."limits_effect"."source" IS 'real: counted after the change; backtest: the same past days folded with old and new limits.';

COMMENT ON COLUMN mart."limits_effect"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."limits_effect"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."limits_effect"."condition" IS 'Alarm condition, as clinical.conditions names it.';

COMMENT ON COLUMN mart."limits_effect"."days_before" IS 'Days on which the patient was monitored with the old limits.';

COMMENT ON COLUMN mart."limits_effect"."days_after" IS 'Days on which the patient was monitored with the new limits.';

COMMENT ON COLUMN mart."limits_effect"."alarms_before_per_patient_day" IS 'Alarms of this condition a day, old limits. Unit: /d.';

COMMENT ON COLUMN mart."limits_effect"."alarms_after_per_patient_day" IS 'Alarms of this condition a day, new limits. Unit: /d.';

COMMENT ON COLUMN mart."limits_effect"."in_alarm_before_s" IS 'Seconds in alarm a day, old limits. Unit: s.';

COMMENT ON COLUMN mart."limits_effect"."in_alarm_after_s" IS 'Seconds in alarm a day, new limits. Unit: s.';

COMMENT ON COLUMN mart."limits_effect"."events_missed" IS 'Sustained events that only the old limits found; of a backtest.';

COMMENT ON COLUMN mart."limits_effect"."lead_change_s" IS 'How much earlier the new limits warned; below 0 = later. Unit: s.';

CREATE TABLE mart."limit_decisions" (
  "day" date NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "condition" text NOT NULL,
  "decision" text NOT NULL,
  "old_limit" double precision NOT NULL,
  "new_limit" double precision NOT NULL,
  "reason" text NOT NULL,
  "large" boolean NOT NULL,
  "verdict" text NOT NULL,
  "refusal" text,
  UNIQUE NULLS NOT DISTINCT ("day", "patient_id", "condition")
);

COMMENT ON TABLE mart."limit_decisions" IS 'What the nightly calibration wanted to change, and what the gate and people made of it.';

COMMENT ON COLUMN mart."limit_decisions"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."limit_decisions"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."limit_decisions"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."limit_decisions"."condition" IS 'Alarm condition, as clinical.conditions names it.';

COMMENT ON COLUMN mart."limit_decisions"."decision" IS 'loosened, tightened or unchanged, as against the limit in force.';

COMMENT ON COLUMN mart."limit_decisions"."old_limit" IS 'Medium-priority limit of the nightly layer that was in force.';

COMMENT ON COLUMN mart."limit_decisions"."new_limit" IS 'Medium-priority limit that is proposed.';

COMMENT ON COLUMN mart."limit_decisions"."reason" IS 'Why, in words.';

COMMENT ON COLUMN mart."limit_decisions"."large" IS 'Whether a person looks at the change before it is published.';

COMMENT ON COLUMN mart."limit_decisions"."verdict" IS 'published, refused by the gate, rolled back, or not in force: not approved, patient gone, or a later night first.';

COMMENT ON COLUMN mart."limit_decisions"."refusal" IS 'Why the gate refused the patient''s limits; null = it did not.';

CREATE TABLE mart."quality_daily" (
  "day" date NOT NULL,
  "table_name" text NOT NULL,
  "expectation" text NOT NULL,
  "column" text,
  "ward_id" text,
  "severity" text NOT NULL,
  "success" boolean NOT NULL,
  "observed" double precision,
  "threshold" double precision,
  "unexpected_count" bigint NOT NULL,
  "total_count" bigint NOT NULL,
  "detail" text,
  UNIQUE NULLS NOT DISTINCT ("day", "table_name", "expectation", "column", "ward_id")
);

COMMENT ON TABLE mart."quality_daily" IS 'Each expectation of the quality gate, and whether the day met it.';

COMMENT ON COLUMN mart."quality_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."quality_daily"."table_name" IS 'The table that was judged.';

COMMENT ON COLUMN mart."quality_daily"."expectation" IS 'What was expected of it.';

COMMENT ON COLUMN mart."quality_daily"."column" IS 'Of which column; null = of the table as a whole.';

COMMENT ON COLUMN mart."quality_daily"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."quality_daily"."severity" IS 'stop: what depends on the table does not run; warn: it does.';

COMMENT ON COLUMN mart."quality_daily"."success" IS 'Whether it was met.';

COMMENT ON COLUMN mart."quality_daily"."observed" IS 'The number that was found.';

COMMENT ON COLUMN mart."quality_daily"."threshold" IS 'The number with which it was compared.';

COMMENT ON COLUMN mart."quality_daily"."unexpected_count" IS 'Rows, devices or patients that did not meet it.';

COMMENT ON COLUMN mart."quality_daily"."total_count" IS 'Rows, devices or patients that were judged.';

COMMENT ON COLUMN mart."quality_daily"."detail" IS 'Particulars, as JSON or in words; no free text of patients.';

CREATE TABLE mart."proof_daily" (
  "day" date NOT NULL,
  "proven" boolean NOT NULL,
  "folded_entries" bigint NOT NULL,
  "raised_events" bigint NOT NULL,
  "missing_events" bigint NOT NULL,
  "extra_events" bigint NOT NULL,
  "different_events" bigint NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day")
);

COMMENT ON TABLE mart."proof_daily" IS 'Whether the alarms of a day are what the log calls for: the fold again, compared with what was raised.';

COMMENT ON COLUMN mart."proof_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."proof_daily"."proven" IS 'Whether every alert event is what the fold makes of the log.';

COMMENT ON COLUMN mart."proof_daily"."folded_entries" IS 'Entries of the log that were folded again.';

COMMENT ON COLUMN mart."proof_daily"."raised_events" IS 'Alert events that the speed layer raised.';

COMMENT ON COLUMN mart."proof_daily"."missing_events" IS 'Events that the log calls for and that were not raised.';

COMMENT ON COLUMN mart."proof_daily"."extra_events" IS 'Events that were raised and that the log does not call for.';

COMMENT ON COLUMN mart."proof_daily"."different_events" IS 'Events that were raised otherwise than the log calls for.';

CREATE TABLE mart."vitals_daily" (
  "day" date NOT NULL,
  "patient_id" text NOT NULL,
  "ward_id" text NOT NULL,
  "vital" text NOT NULL,
  "unit" text NOT NULL,
  "values_count" bigint NOT NULL,
  "lowest_value" double precision NOT NULL,
  "highest_value" double precision NOT NULL,
  "mean_value" double precision NOT NULL,
  "median_value" double precision NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "patient_id", "vital")
);

COMMENT ON TABLE mart."vitals_daily" IS 'What was measured of each patient on the day, in chart steps: each vital sign, and NEWS2 of each full hour.';

COMMENT ON COLUMN mart."vitals_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."vitals_daily"."patient_id" IS 'Pseudonymous id of the patient; the system holds no names.';

COMMENT ON COLUMN mart."vitals_daily"."ward_id" IS 'Ward in which the patient lay at that time.';

COMMENT ON COLUMN mart."vitals_daily"."vital" IS 'Vital sign, as clinical.vitals names it; in reports also news2, the score.';

COMMENT ON COLUMN mart."vitals_daily"."unit" IS 'UCUM unit of the values.';

COMMENT ON COLUMN mart."vitals_daily"."values_count" IS 'Values within what is possible for the vital; all others are left out.';

COMMENT ON COLUMN mart."vitals_daily"."lowest_value" IS 'Lowest value.';

COMMENT ON COLUMN mart."vitals_daily"."highest_value" IS 'Highest value.';

COMMENT ON COLUMN mart."vitals_daily"."mean_value" IS 'Mean of the values.';

COMMENT ON COLUMN mart."vitals_daily"."median_value" IS 'Median of the values.';

CREATE TABLE mart."latency_daily" (
  "day" date NOT NULL,
  "hop" text NOT NULL,
  "explanation" text NOT NULL,
  "measurements" bigint NOT NULL,
  "p50_ms" double precision NOT NULL,
  "p95_ms" double precision NOT NULL,
  "p99_ms" double precision NOT NULL,
  "longest_ms" double precision NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "hop")
);

COMMENT ON TABLE mart."latency_daily" IS 'How long each hop took, from what the stores keep of both of its ends.';

COMMENT ON COLUMN mart."latency_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."latency_daily"."hop" IS 'From where to where, for example measured_to_received.';

COMMENT ON COLUMN mart."latency_daily"."explanation" IS 'What the hop measures, and what it cannot tell.';

COMMENT ON COLUMN mart."latency_daily"."measurements" IS 'How many times of this hop were measured.';

COMMENT ON COLUMN mart."latency_daily"."p50_ms" IS 'Half of them were at most this long. Unit: ms.';

COMMENT ON COLUMN mart."latency_daily"."p95_ms" IS '95 of 100 were at most this long. Unit: ms.';

COMMENT ON COLUMN mart."latency_daily"."p99_ms" IS '99 of 100 were at most this long. Unit: ms.';

COMMENT ON COLUMN mart."latency_daily"."longest_ms" IS 'The longest. Unit: ms.';

CREATE TABLE mart."delivery_daily" (
  "day" date NOT NULL,
  "recipient" text NOT NULL,
  "told_events" bigint NOT NULL,
  "mails" bigint NOT NULL,
  "sent_mails" bigint NOT NULL,
  "digests" bigint NOT NULL,
  "waiting_mails" bigint NOT NULL,
  "dead_letters" bigint NOT NULL,
  "tries" bigint NOT NULL,
  UNIQUE NULLS NOT DISTINCT ("day", "recipient")
);

COMMENT ON TABLE mart."delivery_daily" IS 'What each recipient was told by mail about the events of a day, and what did not get through.';

COMMENT ON COLUMN mart."delivery_daily"."day" IS 'UTC day of the row.';

COMMENT ON COLUMN mart."delivery_daily"."recipient" IS 'Mail address.';

COMMENT ON COLUMN mart."delivery_daily"."told_events" IS 'Alert events about which the recipient was to be told.';

COMMENT ON COLUMN mart."delivery_daily"."mails" IS 'Mails about them: single ones and digests.';

COMMENT ON COLUMN mart."delivery_daily"."sent_mails" IS 'Of the mails, those that the mail server took.';

COMMENT ON COLUMN mart."delivery_daily"."digests" IS 'Of the mails, those that list many events.';

COMMENT ON COLUMN mart."delivery_daily"."waiting_mails" IS 'Of the mails, those neither sent nor given up.';

COMMENT ON COLUMN mart."delivery_daily"."dead_letters" IS 'Mails that were given up; of the empty recipient: records of the topic that nobody could read.';

COMMENT ON COLUMN mart."delivery_daily"."tries" IS 'How often sending was tried, all mails together.';

