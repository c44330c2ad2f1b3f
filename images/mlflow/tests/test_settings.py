import unittest
from datetime import timedelta

from mlflow_aspire import age
from mlflow_aspire.errors import SettingError
from mlflow_aspire.settings import choice, flag, required, seconds


class SettingsTest(unittest.TestCase):
    def test_required_names_the_setting_and_its_purpose(self) -> None:
        self.assertEqual(required({"KEY": "value"}, "KEY", "the key"), "value")
        for environment in ({}, {"KEY": ""}):
            with self.assertRaisesRegex(SettingError, "^KEY is not set; it is the key$"):
                required(environment, "KEY", "the key")

    def test_choice_names_what_is_accepted(self) -> None:
        self.assertEqual(choice({}, "LEVEL", ("low", "high"), "low"), "low")
        self.assertEqual(choice({"LEVEL": "high"}, "LEVEL", ("low", "high"), "low"), "high")
        with self.assertRaisesRegex(SettingError, "^LEVEL is 'middle'; accepted: low, high$"):
            choice({"LEVEL": "middle"}, "LEVEL", ("low", "high"), "low")

    def test_flag(self) -> None:
        for value, expected in {"true": True, "True": True, "1": True, "false": False, "0": False, "": True}.items():
            with self.subTest(value):
                self.assertIs(flag({"ON": value}, "ON", True), expected)
        with self.assertRaisesRegex(SettingError, "^ON is 'maybe'; accepted: true, false$"):
            flag({"ON": "maybe"}, "ON", True)

    def test_seconds(self) -> None:
        self.assertEqual(seconds({}, "LIMIT", 60), 60)
        self.assertEqual(seconds({"LIMIT": "0"}, "LIMIT", 60), 0)
        for value in ("-1", "1.5", "1m", "1000000", "٣"):
            with self.subTest(value), self.assertRaisesRegex(SettingError, f"^LIMIT is '{value}'; accepted: a whole number of seconds"):
                seconds({"LIMIT": value}, "LIMIT", 60)


class AgeTest(unittest.TestCase):
    def test_parts_add_up(self) -> None:
        self.assertEqual(age.parse("30d"), timedelta(days=30))
        self.assertEqual(age.parse("1d2h3m4s"), timedelta(days=1, hours=2, minutes=3, seconds=4))
        self.assertEqual(age.parse("0s"), timedelta(0))

    def test_anything_else_is_refused(self) -> None:
        for text in ("", "30", "d", "1y", "-1d", "1h1d", "1d 2h", "30d\n"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "accepted: days, hours, minutes and seconds"):
                age.parse(text)
