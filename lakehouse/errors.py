"""The one family of errors: the rule; what was found; what to do."""


class WardwatchError(Exception):
    """Base of every error that Wardwatch raises on purpose."""


class SettingsError(WardwatchError, ValueError):
    """A setting is missing or wrong."""


class DecodeError(WardwatchError, ValueError):
    """A message does not keep its contract."""


class StoreError(WardwatchError, ConnectionError):
    """A store refused, or did not answer in time."""


class AccessError(StoreError, PermissionError):
    """A store refuses a service what it may not do; no other request will do better."""


class UnconfirmedError(StoreError):
    """A store did not say whether it has taken a write: it may have, or may do so yet."""


class RecoveryError(WardwatchError, RuntimeError):
    """A process cannot go on from where it stood without losing something."""
