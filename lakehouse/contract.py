"""What a column, a table and a topic are. A contradiction fails when the object is built, never in the night.

Everything that stores or checks data is rendered from these objects (`lakehouse.render`), so a name, a unit or a range
is written once. The same quantity in the same unit has the same name everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self, TypeAlias

ColumnType: TypeAlias = Literal[
    "text", "text_list", "bytes", "bool", "int8", "int16", "int32", "int64", "float64", "timestamp", "date"
]
Direction: TypeAlias = Literal["ASC", "DESC"]

NUMERIC: Final = frozenset({"int8", "int16", "int32", "int64", "float64"})

# UCUM unit -> how the name of a column in that unit ends. Units in braces are UCUM annotations: no unit, only a hint.
UNIT_SUFFIXES: Final = {
    "/min": "_bpm",
    "%": "_pct",
    "mm[Hg]": "_mmhg",
    "Cel": "_c",
    "dCel": "_tenths_c",
    "s": "_s",
    "ms": "_ms",
    "/d": "_per_patient_day",
    "{ACVPU}": "",
    "{bool}": "",
}
TIME_SUFFIXES: Final = ("_at", "_until")


class ContractError(ValueError):
    """A contract contradicts itself."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it means, in which unit, and what can be true of it.

    Parameters
    ----------
    name
        Lower case; ends with its unit (``_bpm``, ``_s``), with ``_at`` or ``_until`` for a time in UTC.
    doc
        One sentence.
    unit
        UCUM; only for numbers and annotated booleans.
    possible
        Lowest and highest value that can be true, both included, in the unit of the column.
    """

    name: str
    type: ColumnType
    doc: str
    nullable: bool = False
    unit: str | None = None
    possible: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not (self.name.isidentifier() and self.name == self.name.lower()):
            raise ContractError(f"a column's name is a lower-case identifier; found {self.name!r}; rename it")
        if not self.doc.endswith("."):
            raise ContractError(f"a column is explained by a sentence; {self.name} has {self.doc!r}; write one")
        self._check_unit()
        self._check_range()

    def _check_unit(self) -> None:
        if self.unit is not None and self.unit not in UNIT_SUFFIXES:
            raise ContractError(f"a unit is one of {sorted(UNIT_SUFFIXES)}; {self.name} has {self.unit!r}; add it")
        if self.unit is not None and self.type not in NUMERIC | {"bool"}:
            raise ContractError(f"only a number has a unit; {self.name} is {self.type} in {self.unit!r}; drop the unit")
        if self.unit is not None and not self.name.endswith(UNIT_SUFFIXES[self.unit]):
            raise ContractError(
                f"a name ends with its unit; {self.name} is in {self.unit!r}; end it with {UNIT_SUFFIXES[self.unit]!r}"
            )
        if (self.name == "at" or self.name.endswith(TIME_SUFFIXES)) != (self.type == "timestamp"):
            raise ContractError(
                f"a time, and nothing else, is called at or ends with {' or '.join(TIME_SUFFIXES)}; "
                f"{self.name} is {self.type}; rename it"
            )

    def _check_range(self) -> None:
        if self.possible is None:
            return
        if self.type not in NUMERIC:
            raise ContractError(f"only a number has a range; {self.name} is {self.type}; drop the range")
        low, high = self.possible
        if not low < high:
            raise ContractError(f"a range needs low < high; {self.name} has {self.possible}; correct it")

    def optional(self) -> Self:
        """Return the same column, where it may be null."""
        return replace(self, nullable=True)

    def required(self) -> Self:
        """Return the same column, where it may not be null."""
        return replace(self, nullable=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # one object a table: compared as such, at no cost
class Table:
    """Columns with a name and one sentence. A store's own kind of table adds keys and retention.

    Attributes
    ----------
    names
        Names of the columns, in order.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    names: tuple[str, ...] = field(init=False, repr=False)  # asked for with each row that is written

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(column.name for column in self.columns))
        if not self.doc.endswith("."):
            raise ContractError(f"a table is explained by a sentence; {self.name} has {self.doc!r}; write one")
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise ContractError(f"a table has each column once; {self.name} repeats {twice}; drop one of each")

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises
        ------
        ContractError
            When the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"a key is a column; {self.name} has no {name!r}; it has {', '.join(self.names)}")

    def _check_key(self, *names: str) -> None:
        for name in names:
            if self.column(name).nullable:
                raise ContractError(f"a key is never null; {self.name}.{name} may be; make it required")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LakeTable(Table):
    """A Delta table on HDFS.

    Parameters
    ----------
    sort_by
        Order of the rows once a day is closed and rewritten. Sorted rows make small files.
    dictionary
        Columns that repeat few values: Parquet keeps those as a dictionary, all others as differences.
    retention_days
        A day older than this is deleted.
    """

    partition_by: str
    sort_by: tuple[str, ...]
    dictionary: tuple[str, ...]
    retention_days: int

    def __post_init__(self) -> None:
        Table.__post_init__(self)
        self._check_key(self.partition_by)
        for name in (*self.sort_by, *self.dictionary):
            self.column(name)
        if self.retention_days < 1:
            raise ContractError(f"retention is at least 1 day; {self.name} has {self.retention_days}; raise it")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CassandraTable(Table):
    """A table made for one query: all rows of one partition, in the order of its clustering.

    Parameters
    ----------
    ttl_days
        A row expires this long after its last write; None keeps it until it is deleted.
    gc_grace_s
        How long a deletion is remembered. Short where rows are deleted all day long, or reads would wade through the
        marks of deleted rows.
    claims
        Rows are inserted only where they are absent (a lightweight transaction). Such a table takes no timestamps
        from its writers; `lakehouse.tables` says which of the others do.
    """

    partition_key: tuple[str, ...]
    clustering: tuple[tuple[str, Direction], ...] = ()
    ttl_days: int | None
    gc_grace_s: int = 864_000
    claims: bool = False

    def __post_init__(self) -> None:
        Table.__post_init__(self)
        self._check_key(*self.key)
        if not self.partition_key:
            raise ContractError(f"a table has a partition key; {self.name} has none; name its columns")
        if len(set(self.key)) != len(self.key):
            raise ContractError(f"a key names each column once; {self.name} has {self.key}; drop the repetition")
        if self.ttl_days is not None and self.ttl_days < 1:
            raise ContractError(f"a time to live is at least 1 day; {self.name} has {self.ttl_days}; raise it")

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key: partition key, then clustering."""
        return (*self.partition_key, *(name for name, _ in self.clustering))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MartTable(Table):
    """A table of PostgreSQL, from which reports are drawn. A job rebuilds it day by day.

    Parameters
    ----------
    key
        No two rows have the same values in these columns; a null is a value like any other. The day is one of them.
    """

    key: tuple[str, ...]

    def __post_init__(self) -> None:
        Table.__post_init__(self)
        for name in self.key:
            self.column(name)
        if "day" not in self.key or self.column("day").type != "date":
            raise ContractError(
                f"a mart is rebuilt day by day; the key of {self.name} is {self.key}; begin it with a date `day`"
            )
        self._check_key("day")
        if len(set(self.key)) != len(self.key):
            raise ContractError(f"a key names each column once; {self.name} has {self.key}; drop the repetition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A Kafka topic. Its records are stamped by the broker (LogAppendTime): one clock for all, which is not set back.

    Parameters
    ----------
    key
        What the records of one partition have in common.
    retention_hours
        None = as ``KafkaSettings`` says; the number of partitions is theirs, too.
    """

    name: str
    doc: str
    key: str
    kinds: tuple[str, ...]
    retention_hours: int | None = None
    max_message_bytes: int = 1_048_588

    def __post_init__(self) -> None:
        if not self.doc.endswith("."):
            raise ContractError(f"a topic is explained by a sentence; {self.name} has {self.doc!r}; write one")
        if not self.kinds:
            raise ContractError(f"a topic says what it carries; {self.name} has no kinds; name them")
