"""What is done ahead comes in order, and waits for whoever takes it."""

import threading
import unittest

from mlflow_aspire.ahead import ahead


class AheadTest(unittest.TestCase):
    def test_in_order_and_no_more_than_a_few_that_nobody_has_taken(self) -> None:
        started = []

        def double(item: int) -> int:
            started.append(item)
            return 2 * item

        taken = []
        for item, result in ahead(double, range(50), 3):
            taken.append((item, result))
            self.assertLessEqual(len(started), len(taken) + 3)
        self.assertEqual(taken, [(item, 2 * item) for item in range(50)])

    def test_several_at_once(self) -> None:
        together = threading.Barrier(3, timeout=30)
        self.assertEqual(len(list(ahead(lambda _: together.wait(), range(6), 3))), 6)

    def test_an_error_is_that_of_its_item(self) -> None:
        taken = []
        with self.assertRaises(ZeroDivisionError):
            for item, _ in ahead(lambda item: 1 // (item - 2), range(50), 3):
                taken.append(item)
        self.assertEqual(taken, [0, 1])


if __name__ == "__main__":
    unittest.main()
