"""The dead-man's switch: says by mail that monitoring is down, and when it is back; needs no store itself."""
