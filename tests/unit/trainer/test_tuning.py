"""Fine-tuning finds what is there to learn, claims nothing where there is nothing, and repeats itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from vectorizer_api.run import Outcome, Stage
from vectorizer_trainer.augmentation import UNCHANGED
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.errors import Stopped
from vectorizer_trainer.metrics import scores
from vectorizer_trainer.schedule import FEWEST_FOR_BLOCKS, FEWEST_TO_HOLD_OUT, epochs_for, steps_for
from vectorizer_trainer.store import FolderStore
from vectorizer_trainer.tuning import Examples, Silent, Tuned, fine_tune
from vectorizer_trainer.tuning.adapter import train_adapter
from vectorizer_trainer.tuning.checkpoint import Checkpoints, NoCheckpoints, Pace, StoredCheckpoints
from vectorizer_trainer.tuning.cross_validated import tune_cross_validated
from vectorizer_trainer.tuning.held_out import tune_held_out
from vectorizer_trainer.tuning.interpolate import mixed_weights
from vectorizer_trainer.tuning.objective import share_of_peak
from vectorizer_trainer.tuning.task import Stopwatch, Task
from vectorizer_trainer.vectorizer import Vectorizer

pytestmark = pytest.mark.usefixtures("fewer_halves")

LABELS = 6
SPANS = ((0, 240), (240, 280), (280, 320))


def _texts(count: int, seed: int = 0) -> tuple[list[Item], NDArray[np.bool_]]:
    """Each label is six words; a text holds three words of each of its labels among a few others."""
    rng = np.random.default_rng(seed)
    targets = rng.random((count, LABELS)) < 0.3
    targets[np.arange(count), rng.integers(0, LABELS, count)] = True
    texts = []
    for carried in targets:
        telling = [4 + 12 * label + rng.integers(0, 6, 3) for label in np.flatnonzero(carried)]
        words = np.concatenate([*telling, rng.integers(100, 200, 3)])
        texts.append(rng.permutation(words).astype(np.int32)[:16])
    return texts, targets


def _others(count: int) -> list[Item]:
    """Texts of words that tell of no label."""
    rng = np.random.default_rng(99)
    return [rng.integers(100, 200, 10).astype(np.int32) for _ in range(count)]


def _examples(texts: Sequence[Item], targets: NDArray[np.bool_], first: int, last: int) -> Examples:
    return Examples(texts[first:last], targets[first:last], np.arange(first, last))


Way = Callable[[Task], Tuned]


def _tune(
    way: Way,
    start: Vectorizer,
    count: int,
    targets: NDArray[np.bool_] | None = None,
    observer: Silent | None = None,
    checkpoints: Checkpoints | None = None,
) -> Tuned:
    texts, real = _texts(count)
    targets = real if targets is None else targets
    names = [f"label {n}" for n in range(LABELS)]
    ends = [0, count // 2, 7 * count // 10, count]
    train, choose, gate = (_examples(texts, targets, *span) for span in pairwise(ends))
    watch, kept = Stopwatch(observer or Silent()), checkpoints or NoCheckpoints()
    return way(Task(start, train, choose, gate, _others(60), names, 0, watch, kept, UNCHANGED))


class Heard(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.stages: list[tuple[Stage, int]] = []
        self.last: dict[Stage, int] = {}

    def stage(self, stage: Stage, steps: int) -> None:
        self.stages.append((stage, steps))

    def advance(
        self,
        step: int,
        *,
        epoch: int | None = None,
        examples_per_second: float | None = None,
        loss: float | None = None,
    ) -> None:
        self.last[self.stages[-1][0]] = step


class StoppedAt(Heard):
    """Asks to stop at a step of the tuning."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step

    def advance(
        self,
        step: int,
        *,
        epoch: int | None = None,
        examples_per_second: float | None = None,
        loss: float | None = None,
    ) -> None:
        if self.stages[-1][0] is Stage.TUNING and step == self._step:
            raise Stopped


@dataclass(frozen=True)
class Run:
    """A fine-tuning with all that was seen of it."""

    tuned: Tuned
    heard: Heard
    weights_before: dict[str, torch.Tensor]
    """The start's."""


@pytest.fixture(scope="module")
def run(tiny_text: Vectorizer) -> Run:
    before = {name: value.clone() for name, value in tiny_text.encoder.state_dict().items()}
    heard = Heard()
    return Run(_tune(tune_held_out, tiny_text, 600, observer=heard), heard, before)


@pytest.fixture(scope="module")
def many(run: Run) -> Tuned:
    return run.tuned


@pytest.fixture(scope="module")
def few(tiny_text: Vectorizer) -> Tuned:
    return _tune(tune_cross_validated, tiny_text, 200)


class TestWithManyExamples:
    def test_every_candidate_is_tried(self, many: Tuned) -> None:
        assert [candidate.name for candidate in many.candidates] == ["linear adapter", "all blocks"]

    def test_every_candidate_helps_on_the_examples_to_choose_on(self, many: Tuned) -> None:
        assert all(candidate.score > candidate.start_score for candidate in many.candidates)

    def test_the_best_on_the_examples_to_choose_on_is_judged(self, many: Tuned) -> None:
        best = max(many.candidates, key=lambda candidate: candidate.score)
        assert many.chosen == best.name
        assert 0 < many.alpha <= best.alpha

    def test_what_is_learnable_is_learnt_and_published(self, many: Tuned, tiny_text: Vectorizer) -> None:
        texts, targets = _texts(200, seed=1)
        before, after = (scores(each.encode_items(texts), targets) for each in (tiny_text, many.vectorizer))
        assert many.outcome is Outcome.IMPROVED
        assert after.ndcg_at_10 > before.ndcg_at_10 + 0.02
        assert after.map_at_100 > before.map_at_100

    def test_retention_is_measured_and_held(self, many: Tuned) -> None:
        retention = next(metric for metric in many.metrics if metric.name == "retention")
        assert 0.7 <= retention.tuned < 1

    def test_every_label_is_reported(self, many: Tuned) -> None:
        assert [change.label for change in many.labels] == [f"label {n}" for n in range(LABELS)]
        assert all(change.positives > 0 for change in many.labels)

    def test_held_out_examples_are_shown_under_both(self, many: Tuned) -> None:
        assert [indices.tolist() for indices in many.shown] == [list(range(420, 600))]
        assert [(fold.start.shape, fold.tuned.shape) for fold in many.folds] == [((180, 64), (180, 64))]

    def test_an_adapter_maps_the_starts_vectors_to_better_ones_of_unit_length(self, many: Tuned) -> None:
        fold = many.folds[0]
        assert many.adapters.keys() == {"linear adapter"}
        mapped = many.adapters["linear adapter"](fold.start)
        assert np.allclose(np.linalg.norm(mapped, axis=1), 1, atol=1e-5)
        assert scores(mapped, fold.targets).map_at_100 > scores(fold.start, fold.targets).map_at_100

    def test_no_gradient_is_held_after_the_training(self, many: Tuned) -> None:
        assert all(parameter.grad is None for parameter in many.judged.encoder.parameters())

    def test_the_same_seed_gives_the_same_weights(self, many: Tuned, tiny_text: Vectorizer) -> None:
        texts, _ = _texts(5, seed=2)
        again = _tune(tune_held_out, tiny_text, 600).vectorizer
        assert np.array_equal(again.encode_items(texts), many.vectorizer.encode_items(texts))

    def test_the_start_is_left_as_it_was(self, run: Run, tiny_text: Vectorizer) -> None:
        before = run.weights_before
        assert all(torch.equal(value, before[name]) for name, value in tiny_text.encoder.state_dict().items())

    def test_the_observer_hears_each_stage_and_the_end_of_it(self, run: Run) -> None:
        steps = dict(run.heard.stages)
        assert list(steps) == [Stage.BASELINE, Stage.ADAPTING, Stage.TUNING, Stage.INTERPOLATING, Stage.EVALUATING]
        assert steps[Stage.BASELINE] == 600 + 60
        assert all(run.heard.last[stage] == steps[stage] for stage in run.heard.last)


class TestWithFewExamples:
    def test_every_candidate_is_judged_out_of_fold_on_all_of_them(self, few: Tuned) -> None:
        assert [candidate.name for candidate in few.candidates] == ["linear adapter", "all blocks"]
        assert few.held_out == 200
        assert sorted(np.concatenate(few.shown).tolist()) == list(range(200))
        assert [len(fold.targets) for fold in few.folds] == [len(indices) for indices in few.shown]

    def test_the_best_out_of_fold_is_offered_at_a_share_that_retains_enough(self, few: Tuned) -> None:
        best = max(few.candidates, key=lambda candidate: candidate.score)
        assert (few.chosen, few.alpha) == (best.name, best.alpha)
        assert best.score > best.start_score
        assert best.retention >= 0.7

    def test_what_is_learnable_is_learnt(self, few: Tuned) -> None:
        assert few.outcome is Outcome.IMPROVED

    def test_a_training_without_a_fold_that_was_stopped_is_gone_on_with(
        self, few: Tuned, tiny_text: Vectorizer, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        stopped_after = 3
        store, never = FolderStore(tmp_path), Pace(lambda: 0.0)
        (tmp_path / "scratch").mkdir()
        checkpoints = StoredCheckpoints(store, tmp_path / "scratch", "this run", lambda _: None, never)
        stopped = StoppedAt(steps_for(200) + stopped_after)
        with pytest.raises(Stopped):
            _tune(tune_cross_validated, tiny_text, 200, observer=stopped, checkpoints=checkpoints)
        with caplog.at_level("INFO"):
            again = _tune(tune_cross_validated, tiny_text, 200, checkpoints=checkpoints)
        assert [said for said in caplog.messages if "goes on" in said] == [
            f"training goes on from step {stopped_after}"
        ]
        assert again.metrics == few.metrics

    def test_the_blocks_are_not_trained_on_less_than_a_batch(self, tiny_text: Vectorizer) -> None:
        fewer = _tune(tune_cross_validated, tiny_text, FEWEST_FOR_BLOCKS - 1)
        assert [candidate.name for candidate in fewer.candidates] == ["linear adapter"]


class TestNumberOfExamples:
    @pytest.mark.parametrize(
        ("count", "of_one_group", "held_out"),
        [
            (FEWEST_TO_HOLD_OUT - 1, 1, "all"),
            (FEWEST_TO_HOLD_OUT, 1, "gate"),
            pytest.param(FEWEST_TO_HOLD_OUT, 2, "all", id="half as many groups"),
        ],
    )
    def test_decides_whether_each_is_held_out_once_or_a_part_of_them(
        self, tiny_text: Vectorizer, count: int, of_one_group: int, held_out: str
    ) -> None:
        rng = np.random.default_rng(0)
        vectors = rng.normal(size=(count, 64)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        texts, targets = _texts(count)
        train, choose, gate = (
            Examples(texts[a:b], targets[a:b], np.arange(a, b) // of_one_group, vectors[a:b])
            for a, b in pairwise([0, count - 200, count - 100, count])
        )
        names = [f"label {n}" for n in range(LABELS)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(tiny_text.encoder), "trained_by_fine_tuning", lambda _: [])
            found = fine_tune(tiny_text, train, choose, gate, _others(60), names, 0, Silent(), NoCheckpoints())
        assert found.held_out == {"all": count, "gate": 100}[held_out]


class TestWithShuffledLabels:
    @pytest.mark.parametrize(("way", "count"), [(tune_cross_validated, 200), (tune_held_out, 400)])
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_nothing_is_claimed_and_the_start_is_kept(
        self, tiny_text: Vectorizer, way: Way, count: int, seed: int
    ) -> None:
        shuffled = np.random.default_rng(seed).permutation(_texts(count)[1])
        found = _tune(way, tiny_text, count, shuffled)
        assert found.outcome is Outcome.NO_IMPROVEMENT
        assert found.vectorizer is tiny_text


class TestImage:
    def test_is_offered_both_candidates(self, tiny_image: Vectorizer) -> None:
        rng = np.random.default_rng(0)
        targets = np.eye(2, dtype=bool)[rng.integers(0, 2, 320)]
        shades = np.where(targets[:, :1], 60, 190)[:, :, None, None]
        pictures = (shades + rng.integers(-60, 60, (320, 16, 16, 3))).clip(0, 255).astype(np.uint8)
        train, choose, gate = (_examples(list(pictures), targets, *span) for span in SPANS)
        found = fine_tune(
            tiny_image, train, choose, gate, list(pictures[:60]), ["dark", "light"], 0, Silent(), NoCheckpoints()
        )
        assert [candidate.name for candidate in found.candidates] == ["linear adapter", "all blocks"]


class TestAdapter:
    def test_raises_the_scores_of_the_vectors_it_was_trained_on(self) -> None:
        rng = np.random.default_rng(0)
        targets = rng.random((300, LABELS)) < 0.3
        vectors = (rng.normal(size=(300, 16)) + targets @ rng.normal(size=(LABELS, 16))).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        adapter = train_adapter(vectors, targets, 0, lambda epoch, loss: None).numpy()
        tuned = vectors @ adapter.T
        tuned /= np.linalg.norm(tuned, axis=1, keepdims=True)
        assert scores(tuned, targets).ndcg_at_10 > scores(vectors, targets).ndcg_at_10 + 0.02


class TestMixedWeights:
    def test_are_the_start_at_0_and_scale_blocks_and_adapter_alike(self, many: Tuned, tiny_text: Vectorizer) -> None:
        name = tiny_text.encoder.trained_by_fine_tuning()[0]
        start, tuned = (each.encoder.get_parameter(name) for each in (tiny_text, many.vectorizer))
        half = mixed_weights(tiny_text, many.vectorizer, 0.5)
        assert torch.equal(mixed_weights(tiny_text, many.vectorizer, 0).encoder.get_parameter(name), start)
        assert torch.allclose(half.encoder.get_parameter(name), (start + tuned) / 2)
        assert torch.allclose(half.adapter, (tiny_text.adapter + many.vectorizer.adapter) / 2)


class TestSchedule:
    def test_warms_up_over_a_tenth_and_falls_to_nearly_nothing(self) -> None:
        shares = [share_of_peak(step, 100) for step in range(100)]
        assert shares[0] == pytest.approx(0.1)
        assert shares.index(max(shares)) == 9
        assert shares[-1] < 0.001

    @pytest.mark.parametrize(("examples", "epochs"), [(1000, 6), (250, 12), (100, 12), (10_000, 3), (800, 6)])
    def test_trains_more_epochs_on_fewer_examples(self, examples: int, epochs: int) -> None:
        assert epochs_for(examples) == epochs
