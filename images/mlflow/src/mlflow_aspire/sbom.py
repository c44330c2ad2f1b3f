"""The packages of the image as a bill of materials (CycloneDX): those of Python and of Debian. Written while the image is built.

Usage: python -m mlflow_aspire.sbom FILE
"""

import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote

_DPKG = ["dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n"]


def bill() -> dict[str, object]:
    components = sorted([*_python(), *_debian()], key=lambda component: component["purl"])
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def _python() -> list[dict[str, str]]:
    # Files of one package may lie in two folders of the search path, of which the first counts.
    found = {distribution.name.lower().replace("_", "-"): distribution.version for distribution in reversed(list(distributions()))}
    return [_component(name, version, f"pkg:pypi/{name}@{quote(version)}") for name, version in found.items()]


def _debian() -> list[dict[str, str]]:
    lines = subprocess.run(_DPKG, capture_output=True, text=True, check=True).stdout.splitlines()
    installed = (fields[:3] for fields in (line.split("\t") for line in lines) if fields[3] == "installed")
    return [_component(name, version, f"pkg:deb/debian/{name}@{quote(version)}?arch={architecture}") for name, version, architecture in installed]


def _component(name: str, version: str, purl: str) -> dict[str, str]:
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(bill(), indent=1), encoding="utf-8")
