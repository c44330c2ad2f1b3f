"""Every message of MLflow's API has the JSON that MLflow gives it."""

import importlib
import json
import pkgutil
import random
import unittest
from unittest import mock

import mlflow.protos
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from mlflow.protos.service_pb2 import GetRun, SearchExperiments, SearchRuns
from mlflow.utils.proto_json_utils import message_to_json

from mlflow_aspire.server import compact_json, turns
from mlflow_aspire.server.compact_json import CompactJson

VALUES = {
    FieldDescriptor.CPPTYPE_DOUBLE: [0.0, -0.0, 1.5, 1e300, 5e-324, 3.0, float("nan"), float("inf"), float("-inf")],
    FieldDescriptor.CPPTYPE_FLOAT: [0.0, 0.1, float("nan")],
    FieldDescriptor.CPPTYPE_INT64: [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
    FieldDescriptor.CPPTYPE_UINT64: [0, 2**64 - 1],
    FieldDescriptor.CPPTYPE_INT32: [0, -(2**31), 2**31 - 1],
    FieldDescriptor.CPPTYPE_UINT32: [0, 2**32 - 1],
    FieldDescriptor.CPPTYPE_BOOL: [True, False],
    FieldDescriptor.CPPTYPE_STRING: ["", "text", '"\\ü\n\u2028😀'],
}


def kinds(kind: Descriptor) -> list[Descriptor]:
    return [kind, *(inner for nested in kind.nested_types for inner in kinds(nested))]


def types() -> list[Descriptor]:
    modules = [importlib.import_module(f"mlflow.protos.{name}") for _, name, _ in pkgutil.iter_modules(mlflow.protos.__path__) if name.endswith("_pb2")]
    # Some need packages of platforms that MLflow's server is not for.
    tops = [kind for module in modules if hasattr(module, "DESCRIPTOR") for kind in module.DESCRIPTOR.message_types_by_name.values()]
    return [kind for top in tops for kind in kinds(top) if not kind.GetOptions().map_entry]


def fill(message: Message, chance: random.Random, depth: int = 0) -> Message:
    for field in message.DESCRIPTOR.fields:
        # Maps and Google's own types are left to MLflow with the types that have them.
        if chance.random() < 0.2 or (field.type == FieldDescriptor.TYPE_MESSAGE and (depth > 4 or field.message_type.full_name.startswith("google."))):
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if field.message_type.GetOptions().map_entry:
                continue
            targets = [getattr(message, field.name).add() for _ in range(2)] if field.is_repeated else [getattr(message, field.name)]
            for target in targets:
                target.SetInParent()
                fill(target, chance, depth + 1)
            continue
        if field.type == FieldDescriptor.TYPE_BYTES:
            values = [b"", b"\x00\xff"]
        else:
            values = list(field.enum_type.values_by_number) if field.type == FieldDescriptor.TYPE_ENUM else VALUES[field.cpp_type]
        if field.is_repeated:
            getattr(message, field.name).extend(chance.choices(values, k=3))
        else:
            setattr(message, field.name, chance.choice(values))
    return message


class CompactJsonTest(unittest.TestCase):
    def setUp(self) -> None:
        self.left = 0
        self.write = CompactJson(self.original)

    def original(self, message: Message, **options: object) -> str:
        self.left += 1
        return message_to_json(message, **options)

    def test_each_type_has_the_json_that_mlflow_gives_it(self) -> None:
        chance, found = random.Random(19), types()
        self.assertGreater(len(found), 300)
        for kind in found:
            for number in range(6):
                message = fill(GetMessageClass(kind)(), chance) if number else GetMessageClass(kind)()
                with self.subTest(kind.full_name):
                    self.assertEqual(self.write(message), message_to_json(message, pretty=False))

    def test_what_is_asked_most_is_not_left_to_mlflow(self) -> None:
        for kind in (GetRun, SearchRuns, SearchExperiments):
            self.write(kind.Response())
        self.assertEqual(self.left, 0)

    def test_a_long_list_is_the_same_in_pieces(self) -> None:
        chance = random.Random(20)
        for count in (15, 16, 17, 40):
            with self.subTest(count):
                answer = SearchRuns.Response(next_page_token="token")
                for _ in range(count):
                    fill(answer.runs.add(), chance)
                self.assertEqual(self.write(answer), message_to_json(answer, pretty=False))

    def test_the_encoder_gets_pieces(self) -> None:
        """First one, then as many as it says are enough: sixteen small ones, one large one."""
        for characters, pieces in ((1, [1, 16, 16, 7]), (4_000, [1, 4, 4, 4]), (20_000, [1] * 10)):
            with self.subTest(characters), mock.patch.object(compact_json, "_encode", side_effect=compact_json._encode) as encode:
                answer = SearchRuns.Response()
                for _ in range(sum(pieces)):
                    answer.runs.add().data.tags.add(value="x" * characters)
                self.assertEqual(self.write(answer), message_to_json(answer, pretty=False))
                self.assertEqual([len(call.args[0]) for call in encode.call_args_list], pieces)

    def test_other_threads_have_turns_during_a_very_large_list(self) -> None:
        for characters, given in ((1_000, 0), (10_000, 2), (50_000, 18)):
            with self.subTest(characters), mock.patch.object(turns, "give") as give:
                answer = SearchRuns.Response()
                for _ in range(20):
                    answer.runs.add().data.tags.add(value="x" * characters)
                self.assertEqual(self.write(answer), message_to_json(answer, pretty=False))
                self.assertEqual(give.call_count, given)

    def test_options_are_mlflows(self) -> None:
        answer = SearchRuns.Response(next_page_token="token")
        self.assertEqual(self.write(answer, pretty=True), message_to_json(answer))
        self.assertEqual(json.loads(self.write(answer)), {"next_page_token": "token"})


if __name__ == "__main__":
    unittest.main()
