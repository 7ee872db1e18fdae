"""Fine-tuning with variations: what is trained on them, what is not, and what is said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.run import Stage
from vectorizer_trainer.augmentation import UNCHANGED, Augmentation, augmentation_for
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.evaluation import Difference
from vectorizer_trainer.schedule import FOLDS, VIEWS, epochs_for, varied_copies
from vectorizer_trainer.tuning import Examples, Silent, Tuned, candidates
from vectorizer_trainer.tuning.adapter import train_adapter
from vectorizer_trainer.tuning.augmented import Augmented
from vectorizer_trainer.tuning.checkpoint import NoCheckpoints
from vectorizer_trainer.tuning.cross_validated import tune_cross_validated
from vectorizer_trainer.tuning.deep import train_blocks
from vectorizer_trainer.tuning.held_out import tune_held_out
from vectorizer_trainer.tuning.task import Stopwatch, Task
from vectorizer_trainer.vectorizer import Vectorizer

pytestmark = pytest.mark.usefixtures("fewer_halves")

MANY, FEW = 300, 100
NAMES = ["dark", "light", "red", "blue"]


def _pictures(count: int) -> tuple[list[Item], NDArray[np.bool_]]:
    """Noise that is dark or light, and rather red or rather blue."""
    rng = np.random.default_rng(0)
    light, blue = rng.integers(0, 2, (2, count))
    pictures = rng.integers(-60, 60, (count, 16, 16, 3)) + np.where(light, 150, 105)[:, None, None, None]
    pictures[..., 0] += np.where(blue, 0, 20)[:, None, None]
    pictures[..., 2] += np.where(blue, 20, 0)[:, None, None]
    targets = np.stack([light == 0, light == 1, blue == 0, blue == 1], axis=1)
    return list(pictures.clip(0, 255).astype(np.uint8)), targets


class Recorded(Silent):
    """Remembers stages and steps."""

    def __init__(self) -> None:
        self.stages: list[tuple[Stage, int]] = []
        self.last: dict[Stage, int] = {}

    def stage(self, stage: Stage, steps: int) -> None:
        self.stages.append((stage, steps))

    def advance(self, step: int, **_: object) -> None:
        self.last[self.stages[-1][0]] = step


class Watched:
    """An augmentation that remembers what it was asked to vary."""

    def __init__(self, inner: Augmentation) -> None:
        self.transformations = inner.transformations
        self.seeds: list[list[int]] = []
        self.most = 0
        self._inner = inner

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        self.seeds.append(list(seeds))
        self.most = max(self.most, len(items))
        return self._inner.vary(items, seeds)

    def only(self, transformation: str) -> Augmentation:
        return self._inner.only(transformation)


class Negatives:
    """Makes the negative of every picture, so that dark is light and red is blue; named like a switch."""

    transformations: tuple[str, ...] = ("verticalFlip",)

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        return [255 - item for item in items]

    def only(self, transformation: str) -> Augmentation:
        return self


class Copies:
    """Varies nothing, but says that it does: neither better nor worse than the examples as they are."""

    transformations: tuple[str, ...] = ("blur",)

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        return list(items)

    def only(self, transformation: str) -> Augmentation:
        return self


@dataclass(frozen=True)
class Run:
    """A fine-tuning with all that was seen of it."""

    tuned: Tuned
    heard: Recorded
    watched: Watched


def _run(start: Vectorizer, count: int, augmentation: Augmentation) -> Run:
    items, targets = _pictures(count)
    ends = [0, count // 2, 3 * count // 4, count]
    train, choose, gate = (Examples(items[a:b], targets[a:b], np.arange(a, b)) for a, b in pairwise(ends))
    heard, watched = Recorded(), Watched(augmentation)
    watch = Stopwatch(heard)
    task = Task(start, train, choose, gate, items[:60], NAMES, 0, watch, NoCheckpoints(), watched)
    tune = tune_held_out if count == MANY else tune_cross_validated
    return Run(tune(task), heard, watched)


def _switches(start: Vectorizer, **on: bool) -> Augmentation:
    switches = dict.fromkeys(AugmentationConditions.model_fields, False) | on
    return augmentation_for(ContentType.IMAGE, AugmentationConditions(**switches), start.encoder)


def _weights(run: Run) -> list[bytes]:
    encoder = [value.numpy().tobytes() for value in run.tuned.judged.encoder.state_dict().values()]
    return [run.tuned.judged.adapter.numpy().tobytes(), *encoder]


@pytest.fixture(scope="module")
def mild(tiny_image: Vectorizer) -> Augmentation:
    return _switches(tiny_image, contrast_jitter=True, saturation_jitter=True)


@pytest.fixture(scope="module", params=[FEW, MANY])
def unvaried(request: pytest.FixtureRequest, tiny_image: Vectorizer) -> tuple[Run, Run]:
    """With every switch off, and without augmentation."""
    return tuple(_run(tiny_image, request.param, way) for way in (_switches(tiny_image), UNCHANGED))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def many(tiny_image: Vectorizer, mild: Augmentation) -> Run:
    return _run(tiny_image, MANY, mild)


@dataclass(frozen=True)
class Folds:
    """A fine-tuning of few examples, with the start vectors that each of its candidates was trained on."""

    run: Run
    seen: list[set[bytes]]
    seen_by_blocks: list[set[bytes]]

    def starts_of(self, fold: int) -> set[bytes]:
        """The start vectors of a fold's examples."""
        return {vector.tobytes() for vector in self.run.tuned.folds[fold].start}


@pytest.fixture(scope="module")
def few(tiny_image: Vectorizer, mild: Augmentation) -> Folds:
    seen: list[set[bytes]] = []
    seen_by_blocks: list[set[bytes]] = []

    def noted(vectors: NDArray[np.float32], *others: object) -> object:
        seen.append({vector.tobytes() for vector in vectors})
        return train_adapter(vectors, *others)  # type: ignore[arg-type]

    def noted_blocks(start: Vectorizer, items: Sequence[Item], vectors: NDArray[np.float32], *others: object) -> object:
        assert np.allclose(start.encode_items(items[:3]), vectors[:3], atol=1e-5)
        seen_by_blocks.append({vector.tobytes() for vector in vectors})
        return train_blocks(start, items, vectors, *others)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "train_adapter", noted)
        patch.setattr(candidates, "train_blocks", noted_blocks)
        return Folds(_run(tiny_image, FEW, mild), seen, seen_by_blocks)


@pytest.mark.parametrize(
    ("gain", "ways"),
    [
        (None, ["plain"]),
        (Difference(-0.2, 0.1, 30), ["plain"]),
        (Difference(-0.05, 0.1, 30), ["plain", "varied"]),
        (Difference(0.05, 0.1, 30), ["plain", "varied"]),
        (Difference(0.2, 0.1, 30), ["varied"]),
    ],
)
def test_blocks_see_what_taught_the_adapters_more_and_both_in_doubt(gain: Difference | None, ways: list[str]) -> None:
    asked = Copies()
    tried = Augmented(gain=gain).to_try(asked)
    assert tried == [{"plain": UNCHANGED, "varied": asked}[way] for way in ways]


class TestNothingVaried:
    def test_with_every_switch_off_all_is_as_without_augmentation(self, unvaried: tuple[Run, Run]) -> None:
        off, without = unvaried
        assert _weights(off) == _weights(without)
        assert off.tuned.metrics == without.tuned.metrics
        assert not off.tuned.augmented.applied
        assert Stage.AUGMENTING not in dict(off.heard.stages)

    def test_varied_examples_that_teach_less_leave_no_trace_but_warnings(
        self, unvaried: tuple[Run, Run], tiny_image: Vectorizer
    ) -> None:
        _, without = unvaried
        harmed = _run(tiny_image, MANY if len(without.tuned.folds) == 1 else FEW, Negatives())
        assert harmed.tuned.augmented.harmful
        assert not harmed.tuned.augmented.applied
        assert harmed.tuned.chosen == without.tuned.chosen
        assert harmed.tuned.metrics == without.tuned.metrics
        assert _weights(harmed) == _weights(without)
        assert any("trained on as they are" in warning for warning in harmed.tuned.warnings)
        assert any("vertical flip" in warning for warning in harmed.tuned.warnings)


class TestManyExamples:
    def test_an_adapter_with_and_one_without_variations_are_tried(self, many: Run) -> None:
        names = ["linear adapter", "linear adapter, varied examples", "all blocks, varied examples"]
        assert [candidate.name for candidate in many.tuned.candidates] == names
        assert {point.candidate for point in many.tuned.curves} == set(names)

    def test_the_observer_hears_of_every_varied_item(self, many: Run) -> None:
        steps = dict(many.heard.stages)
        assert list(steps)[:3] == [Stage.BASELINE, Stage.AUGMENTING, Stage.ADAPTING]
        assert steps[Stage.AUGMENTING] == varied_copies(150, 2) == VIEWS * 150 + 2 * 150
        assert all(many.heard.last[stage] == steps[stage] for stage in many.heard.last)

    def test_views_and_epochs_are_drawn_anew_and_few_items_are_held_at_once(self, many: Run) -> None:
        drawn = [seed for seeds in many.watched.seeds for seed in seeds]
        assert len(set(drawn)) == len(drawn) == VIEWS * 150 + epochs_for(150) * 150
        assert many.watched.most <= 128

    def test_the_same_seed_gives_the_same_weights_and_draws(
        self, many: Run, tiny_image: Vectorizer, mild: Augmentation
    ) -> None:
        again = _run(tiny_image, MANY, mild)
        assert _weights(again) == _weights(many)
        assert again.watched.seeds == many.watched.seeds

    def test_a_harmless_transformation_is_not_warned_of(self, many: Run) -> None:
        assert not any("Switch off" in warning for warning in many.tuned.warnings)


class TestFewExamples:
    def test_an_adapter_is_never_trained_on_its_folds_examples_or_their_views(self, few: Folds) -> None:
        found = few.run.tuned
        for kind, copies in ((few.seen[: 1 + FOLDS], 1), (few.seen[1 + FOLDS :], 1 + VIEWS)):
            everything, *folds = kind
            assert len(everything) == copies * FEW
            for fold, shown, seen in zip(found.folds, found.shown, folds, strict=True):
                missing = everything - seen
                assert {vector.tobytes() for vector in fold.start} <= missing
                assert len(missing) == copies * len(shown)

    def test_the_blocks_are_never_trained_on_their_folds_examples(self, few: Folds) -> None:
        assert len(few.seen_by_blocks) % (1 + FOLDS) == 0
        for first in range(0, len(few.seen_by_blocks), 1 + FOLDS):
            everything, *folds = few.seen_by_blocks[first : first + 1 + FOLDS]
            assert len(everything) == FEW
            for fold, seen in enumerate(folds):
                assert len(seen) == FEW - len(few.starts_of(fold))
                assert not seen & few.starts_of(fold)

    def test_where_the_adapters_leave_it_in_doubt_every_candidate_is_tried_both_ways(
        self, tiny_image: Vectorizer
    ) -> None:
        found = _run(tiny_image, FEW, Copies()).tuned
        assert not found.augmented.harmful
        assert not found.augmented.helpful
        names = [candidate.name for candidate in found.candidates]
        ways = ["", ", varied examples"]
        assert names == [f"{kind}{way}" for kind in ("linear adapter", "all blocks") for way in ways]

    def test_the_observer_hears_the_end_of_every_stage(self, few: Folds) -> None:
        heard = few.run.heard
        steps = dict(heard.stages)
        assert steps[Stage.AUGMENTING] == varied_copies(FEW, 2)
        assert all(heard.last[stage] == steps[stage] for stage in heard.last)
