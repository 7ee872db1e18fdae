"""Which files are never parted between training and measuring."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.names import GROUPS_FILE

from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.fingerprints import Pairs
from vectorizer_trainer.inventory import LabelledFile
from vectorizer_trainer.labels import FEWEST_EXAMPLES
from vectorizer_trainer.wording import counted

__all__ = ["NO_NEAR_COPIES", "check_named_groups", "families", "groups_of", "named_groups"]

NO_NEAR_COPIES: Pairs = np.empty((0, 2), np.int64)


def groups_of(files: Sequence[LabelledFile], contents: NDArray[np.int64], near: Pairs) -> NDArray[np.int64]:
    """[files]: the same number for the same bytes, one group of the account, near copies, and whatever these join.

    Near copies are joined from one to the next, however long the row: a slow film is a single thing. The account's word
    stands above likeness: near copies that it puts in different groups are different things.
    """
    named = [file.group for file in files]
    apart = np.array([_are_apart(named[left], named[right]) for left, right in near.tolist()], bool)
    return _components(len(files), _bonds(contents.tolist()), _bonds(named), near[~apart])


def families(near: Pairs, members: Sequence[int]) -> list[list[int]]:
    """Near copies among the members, each family with those that are linked with one another; the largest first."""
    component = _components(1 + max([*near.ravel().tolist(), *members], default=0), near)
    gathered: dict[int, list[int]] = {}
    for member in members:
        gathered.setdefault(int(component[member]), []).append(member)
    return sorted((family for family in gathered.values() if len(family) > 1), key=len, reverse=True)


def named_groups(files: Sequence[LabelledFile]) -> int:
    """How many groups the account makes of the files; one that it names none for is a group of its own."""
    return len({file.group for file in files if file.group is not None}) + sum(file.group is None for file in files)


def check_named_groups(apart: int, examples: int) -> None:
    """Raises BadInput where the account's groups alone leave too little to split."""
    if apart < FEWEST_EXAMPLES:
        raise BadInput(
            f"By {GROUPS_FILE} the {examples:,} examples are only {counted(apart, 'group')}; at least "
            f"{FEWEST_EXAMPLES} are needed.",
            hint="A group is never parted between training and measuring: name smaller ones, such as one speaker each.",
        )


def _are_apart(left: str | None, right: str | None) -> bool:
    return left is not None and right is not None and left != right


def _bonds(keys: Iterable[Hashable]) -> Pairs:
    """[m, 2]: each place with the first that has the same key; None is no key."""
    first: dict[Hashable, int] = {}
    pairs = [(first.setdefault(key, place), place) for place, key in enumerate(keys) if key is not None]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _components(count: int, *bonds: Pairs) -> NDArray[np.int64]:
    """[count]: the same number for places that bonds [m, 2] link, one way or another."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = np.concatenate(bonds).T
    _, component = connected_components(coo_array((np.ones(len(left), bool), (left, right)), (count, count)))
    return np.asarray(component, np.int64)
