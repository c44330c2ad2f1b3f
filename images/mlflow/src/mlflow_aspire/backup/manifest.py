"""What an archive says of itself."""

import json
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter, ValidationError

# The archives that this image reads and writes. A change that an older image would read wrongly raises it.
FORMAT = 1


@dataclass
class Table:
    columns: list[str]
    rows: int
    sequences: dict[str, int]
    """The last number that was given to a row, by column. It may be higher than any that is left: numbers are not given twice."""


@dataclass
class SchemaRows:
    package: str
    """The package that brings the schema, such as `mlflow 3.17.2`."""

    revision: str
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


@dataclass
class Manifest:
    created: str
    """The moment that the archive shows, in UTC."""

    schemas: dict[str, SchemaRows] = field(default_factory=dict)
    with_artifacts: bool = True
    """Whether it has the files of the artifact store, and not only the rows."""

    artifact_files: int = 0
    artifact_bytes: int = 0
    checksums: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of every other member of the archive."""

    format: int = FORMAT

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @staticmethod
    def from_json(text: bytes) -> "Manifest":
        """Reads it.

        Raises:
            ValueError, KeyError, TypeError: it is not a manifest, or one of another format.
        """
        values = json.loads(text)
        if values["format"] != FORMAT:
            raise ValueError(f"it is of format {values['format']}, and this image reads format {FORMAT}")
        try:
            return TypeAdapter(Manifest).validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"manifest.json: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
