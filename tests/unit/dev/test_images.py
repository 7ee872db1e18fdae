import re
from pathlib import Path

import pytest
from vectorizer_dev.images.bill_of_materials import bill_of_materials
from vectorizer_dev.images.building import RECIPES, REPOSITORY, Recipe
from vectorizer_dev.images.package_index import settings, write

STATUS = """Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1
Description: compression library
 Status: no field

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


class TestBillOfMaterials:
    def test_python_s_distributions_are_named_by_their_package_urls(self) -> None:
        parts = bill_of_materials("image", "0.1.0")["components"]
        assert [part for part in parts if part.get("purl", "").startswith("pkg:pypi/pydantic@")]

    def test_debian_s_packages_are_those_that_are_installed(self) -> None:
        parts = bill_of_materials("image", "0.1.0", STATUS)["components"]
        found = [part["purl"] for part in parts if part.get("purl", "").startswith("pkg:deb/")]
        assert found == ["pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64"]

    def test_it_tells_what_it_is_of(self) -> None:
        assert bill_of_materials("image", "0.1.0")["metadata"]["component"]["name"] == "image"


class TestPackageIndex:
    def test_the_index_of_pip_is_uv_s_too(self) -> None:
        told = settings({"PIP_INDEX_URL": "https://packages.example/simple"})
        assert told["UV_DEFAULT_INDEX"] == told["PIP_INDEX_URL"] == "https://packages.example/simple"

    def test_one_from_pip_s_configuration_is_taken_where_the_environment_names_none(self) -> None:
        assert settings({}, "https://packages.example/simple")["PIP_INDEX_URL"] == "https://packages.example/simple"

    def test_what_has_nothing_to_do_with_packages_stays_outside(self) -> None:
        assert "AWS_SECRET_ACCESS_KEY" not in settings({"AWS_SECRET_ACCESS_KEY": "secret"})

    def test_only_the_owner_reads_what_is_handed_over(self, tmp_path: Path) -> None:
        write(tmp_path, {"PIP_INDEX_URL": "https://user:password@packages.example/simple"})
        assert (tmp_path / "package-index").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
class TestContainerfile:
    def test_no_address_of_a_registry_or_package_index_stands_in_it(self, recipe: Recipe) -> None:
        text = (REPOSITORY / recipe.containerfile).read_text()
        assert not re.search(r"https?://|index-url|(ghcr|quay|docker)\.io", text)

    def test_it_runs_as_a_user_without_rights_and_takes_hashed_packages_alone(self, recipe: Recipe) -> None:
        text = (REPOSITORY / recipe.containerfile).read_text()
        assert "\nUSER 65532:65532\n" in text
        assert text.count("--require-hashes") == 2
