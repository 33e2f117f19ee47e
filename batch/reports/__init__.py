"""What `batch report` builds for the marts: one file a subject, most of it pure."""
