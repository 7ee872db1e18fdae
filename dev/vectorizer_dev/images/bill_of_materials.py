"""What an image holds, as a CycloneDX document: run inside the image, with the standard library alone."""

import importlib.metadata
import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

DEBIAN_PACKAGES = Path("/var/lib/dpkg/status")
Part = dict[str, Any]


def bill_of_materials(image: str, version: str, debian_packages: str = "") -> dict[str, Any]:
    """The CycloneDX 1.5 document of an image: every Python distribution of this interpreter, and Debian's packages.

    `debian_packages` is the text of dpkg's status file.
    """
    interpreter = {"type": "platform", "name": "python", "version": platform.python_version()}
    parts = sorted([*_distributions(), *_packages(debian_packages)], key=lambda part: str(part["purl"]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": image, "version": version}},
        "components": [interpreter, *parts],
    }


def _distributions() -> Iterator[Part]:
    for found in importlib.metadata.distributions():
        name, version = found.name.lower().replace("_", "-"), found.version
        yield _library(name, version, f"pkg:pypi/{quote(name)}@{quote(version)}", _licence(found))


def _licence(found: importlib.metadata.Distribution) -> str:
    # The whole text of a licence is what some put there.
    told = [found.metadata[name] for name in ("License-Expression", "License") if name in found.metadata]
    return next((text for text in told if "\n" not in text), "")


def _packages(status: str) -> Iterator[Part]:
    for paragraph in filter(str.strip, status.split("\n\n")):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
            yield _library(name, version, f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}")


def _library(name: str, version: str, package_url: str, licence: str = "") -> Part:
    licences = {"licenses": [{"license": {"name": licence}}]} if licence else {}
    known_as = {"purl": package_url, "bom-ref": package_url}
    return {"type": "library", "name": name, "version": version, **known_as, **licences}


if __name__ == "__main__":
    packages = DEBIAN_PACKAGES.read_text(encoding="utf-8") if DEBIAN_PACKAGES.exists() else ""
    bill = bill_of_materials(sys.argv[1], importlib.metadata.version("vectorizer-operator"), packages)
    json.dump(bill, sys.stdout, indent=1, sort_keys=True)
