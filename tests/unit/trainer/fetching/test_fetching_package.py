"""The fetch Job is small, and refuses what it cannot trust by."""

import subprocess
import sys

import pytest
from vectorizer_api.fetch import FetchLimits, UrlRules
from vectorizer_api.run import Limits
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.fetching import Fetcher


def test_the_job_loads_neither_torch_nor_numpy() -> None:
    code = "import sys, vectorizer_trainer.fetching.__main__; print({'torch', 'numpy', 'requests'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize("certificates", ["none", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_certificates_that_are_none_are_bad_input(certificates: str) -> None:
    with pytest.raises(BadInput, match="are not certificates in PEM"):
        Fetcher(UrlRules(certificates=certificates), Limits(), FetchLimits())
