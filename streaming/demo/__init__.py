"""`make demo`: patients are played into the running stack, alarms are shown, and a night passes in between."""
