"""The user's cache, as tests see it: shared in what takes long to make, and theirs alone in what is noted there."""

import pytest
from vectorizer_cli.past_runs import past_runs
from vectorizer_dev.cache import cache_folder


def test_the_runs_of_tests_are_noted_outside_of_the_users_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert past_runs().folder.resolve().is_relative_to(tmp_path_factory.getbasetemp().resolve())


def test_bases_and_tools_are_those_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("bases", "bin", "locks"):
        shared = (cache_folder() / name).resolve()
        assert shared.is_dir()
        assert not shared.is_relative_to(tmp_path_factory.getbasetemp().resolve())
