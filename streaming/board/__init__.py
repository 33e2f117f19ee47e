"""The live ward board: what clinicians look at, and where they answer alarms and set limits."""
