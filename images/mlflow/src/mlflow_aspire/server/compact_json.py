"""The JSON of a message, in one walk over it.

MLflow walks over a message three times: Google's library writes numbers of 64 bits as text and asks each field again what it is, MLflow puts numbers in their
place. A quarter of the time of a page of runs goes there. Here it is found out once for each type of message what its fields are. A type with anything out of
the ordinary is left to MLflow. Python's encoder gets a large answer piece by piece, as no other thread runs during a call to it, and
of a list that is very large other threads get turns in between.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from .run_pages import RunPage
from .turns import Turns

Convert = Callable[[Any], Any]

_AS_IT_IS = {
    FieldDescriptor.TYPE_BOOL, FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_SINT32,
    FieldDescriptor.TYPE_FIXED32, FieldDescriptor.TYPE_SFIXED32, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_SFIXED64,
}  # fmt: skip

# Of a list the encoder gets at once as many messages as are about so many characters, going by those before them, and at most so many messages.
_PIECE_CHARACTERS = 16 * 1024
_PIECE_MESSAGES = 16

# Of how many characters a list is before other threads get a turn, at first and then: a page of 100 runs gives none.
_CHARACTERS_BEFORE_A_TURN = 128 * 1024
_CHARACTERS_A_TURN = 2 * _PIECE_CHARACTERS

_encode = json.JSONEncoder(separators=(",", ":")).encode


class CompactJson:
    """In place of MLflow's `message_to_json`, which stays the one for types that are left to it."""

    def __init__(self, message_to_json: Callable[..., str]) -> None:
        self._message_to_json = message_to_json
        # By the type's full name: by a field's number its name and what converts its value. None for a type that is left to MLflow.
        self._plans: dict[str, dict[int, tuple[str, Convert | None]] | None] = {}

    def __call__(self, message: Message | RunPage, **options: Any) -> str:
        if isinstance(message, RunPage):
            if options or not self._knows(message.rest.DESCRIPTOR):
                return self(message.message(), **options)
            members = self._page(message)
        elif options or not self._knows(message.DESCRIPTOR):
            return self._message_to_json(message, **{"pretty": False, **options})
        else:
            members = self._members(message)
        # Put together once: copying a large answer takes its time too.
        return "".join(["{", *_joined(members), "}"])

    def _page(self, page: RunPage) -> Iterator[Iterable[str]]:
        if page.runs:
            yield _list("runs", partial(_each, self._fields), page.runs)
        yield from self._members(page.rest)

    def _members(self, message: Message) -> Iterator[Iterable[str]]:
        plan = self._plans[message.DESCRIPTOR.full_name]
        for field, value in message.ListFields():
            name, convert = plan[field.number]  # type: ignore[index]
            if convert and field.is_repeated:
                yield _list(name, convert, value)
            else:
                yield f'"{name}":', _encode(convert(value) if convert else value)

    def _fields(self, message: Message) -> dict[str, Any]:
        fields = {}
        plan = self._plans[message.DESCRIPTOR.full_name]
        for field, value in message.ListFields():
            name, convert = plan[field.number]  # type: ignore[index]
            fields[name] = convert(value) if convert else value
        return fields

    def _knows(self, kind: Descriptor, holders: tuple[str, ...] = ()) -> bool:
        if kind.full_name not in self._plans:
            self._plans[kind.full_name] = self._plan(kind, (*holders, kind.full_name))
        return self._plans[kind.full_name] is not None

    def _plan(self, kind: Descriptor, holders: tuple[str, ...]) -> dict[int, tuple[str, Convert | None]] | None:
        plan: dict[int, tuple[str, Convert | None]] = {}
        if kind.is_extendable or kind.full_name.startswith("google.protobuf."):
            return None
        for field in kind.fields:
            convert: Convert | None = None
            if field.type == FieldDescriptor.TYPE_MESSAGE and self._is_plain(field.message_type, holders):
                convert = self._fields
            elif field.type == FieldDescriptor.TYPE_DOUBLE:
                convert = _double
            elif field.type == FieldDescriptor.TYPE_ENUM and (names := _names(field.enum_type)):
                convert = names.__getitem__
            elif field.type not in _AS_IT_IS:
                return None
            plan[field.number] = field.name, _repeated(convert) if field.is_repeated else convert
        return plan

    def _is_plain(self, kind: Descriptor, holders: tuple[str, ...]) -> bool:
        """No map, and nothing that holds itself."""
        return not kind.GetOptions().map_entry and kind.full_name not in holders and self._knows(kind, holders)


def _repeated(convert: Convert | None) -> Convert:
    if convert is None:
        return list
    return partial(_each, convert)


def _each(convert: Convert, values: Iterable[Any]) -> list[Any]:
    return [convert(value) for value in values]


def _list(name: str, convert: Convert, values: Sequence[Any]) -> Iterator[str]:
    yield f'"{name}":['
    start, count = 0, 1
    turns = Turns(_CHARACTERS_BEFORE_A_TURN, _CHARACTERS_A_TURN)
    while start < len(values):
        text = _encode(convert(values[start : start + count]))[1:-1]
        yield text if start == 0 else f",{text}"
        start += count
        turns.worked(len(text))
        count = min(max(count * _PIECE_CHARACTERS // len(text), 1), _PIECE_MESSAGES)
    yield "]"


def _joined(members: Iterable[Iterable[str]]) -> Iterator[str]:
    for number, member in enumerate(members):
        if number:
            yield ","
        yield from member


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _names(kind: EnumDescriptor) -> dict[int, str] | None:
    """None for what JSON may have otherwise: numbers without a name, and names of their own."""
    if not kind.is_closed or any(value.has_options for value in kind.values):
        return None
    return {number: value.name for number, value in kind.values_by_number.items()}
