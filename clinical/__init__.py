"""The domain. Pure: values in, values out. Imports nothing of the project, opens nothing, reads no clock."""
