import json
import unittest
from importlib.metadata import version
from pathlib import Path

from mlflow_aspire import sbom

FILE = Path("/usr/share/sbom/mlflow-aspire.cdx.json")


class BillTest(unittest.TestCase):
    def test_it_names_packages_of_python_and_of_debian(self) -> None:
        bill = sbom.bill()
        purls = [component["purl"] for component in bill["components"]]
        self.assertEqual(len(purls), len(set(purls)))
        for package in ("mlflow", "sqlalchemy", "azure-identity"):
            self.assertIn(f"pkg:pypi/{package}@{version(package)}", purls)
        self.assertTrue(any(purl.startswith("pkg:deb/debian/libc6@") for purl in purls))

    @unittest.skipUnless(Path("/opt/mlflow-aspire/pyproject.toml").exists(), "this is not the image")
    def test_the_image_has_one_of_all_that_is_in_it(self) -> None:
        self.assertEqual(json.loads(FILE.read_text()), sbom.bill())


if __name__ == "__main__":
    unittest.main()
