"""A method of the comparison in a process of its own."""

import os
import sys
from pathlib import Path

import pytest
from peers.processes import DidNotRunError, PastCapError, run


def test_one_that_runs_past_its_cap_is_ended_and_its_memory_is_known(tmp_path: Path) -> None:
    with pytest.raises(PastCapError, match="cap of 1 s") as ended:
        run([sys.executable, "-c", "import time; time.sleep(60)"], os.environ, tmp_path / "log", 1)
    assert ended.value.peak > 2**20


def test_one_that_fails_is_told_by_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(DidNotRunError, match="ended with 3: no such thing"):
        run([sys.executable, "-c", "print('no such thing'); exit(3)"], os.environ, tmp_path / "log", 60)


def test_the_moment_of_its_start_is_told_to_it(tmp_path: Path) -> None:
    made = run([sys.executable, "-c", "import sys; print(sys.argv[1])", "{began}"], os.environ, tmp_path / "log", 60)
    assert float((tmp_path / "log").read_text()) == made.began
