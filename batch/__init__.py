"""The batch layer: jobs over closed days, one file a job."""
