"""`vectorizer search`: the nearest of all, whatever the order and the batches."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from vectorizer_cli.searching import Neighbour, Search, nearest, search_folder, table_of_neighbours
from vectorizer_cli.vectors import Batch
from vectorizer_trainer.errors import BadInput


def unit(count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("size", [1, 7, 300])
def test_the_nearest_are_those_of_a_full_sort_whatever_the_batches(size: int) -> None:
    query, vectors = unit(1, 0)[0], unit(300, 1)
    names = [f"{number:03d}.txt" for number in range(300)]
    batches = (Batch(names[at : at + size], vectors[at : at + size], size) for at in range(0, 300, size))
    best = np.argsort(-(vectors @ query))[:10]
    found = nearest(query, batches, 10)
    assert [one.name for one in found] == [names[index] for index in best]
    assert [one.similarity for one in found] == pytest.approx((vectors @ query)[best].tolist())


def test_no_more_than_was_asked_for_is_kept_of_an_endless_folder() -> None:
    def batches() -> Iterator[Batch]:
        for number in range(2_000):
            yield Batch([f"{number}-{row}" for row in range(64)], unit(64, number % 5), 64)

    assert len(nearest(unit(1, 9)[0], batches(), 3)) == 3


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match="--in absent is not a folder"):
        search_folder(Search("query", Path("absent"), None, None, 3), Console(quiet=True))


def test_a_name_with_markup_is_shown_as_it_is() -> None:
    console = Console(width=80, record=True, file=StringIO())
    console.print(table_of_neighbours([Neighbour(0.5, "[red]a[/red].txt")]))
    assert "[red]a[/red].txt" in console.export_text()
