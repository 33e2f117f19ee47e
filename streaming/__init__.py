"""The speed layer: from a message to an alarm, in seconds."""
