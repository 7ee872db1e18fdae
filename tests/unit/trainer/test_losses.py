"""Each loss against a naive one that follows its formula term by term."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize
from vectorizer_trainer import losses


@pytest.fixture
def targets() -> Tensor:
    return torch.rand(12, 5, generator=torch.Generator().manual_seed(1)) < 0.4


@pytest.fixture
def vectors() -> Tensor:
    return normalize(torch.randn(12, 6, generator=torch.Generator().manual_seed(2)), dim=1)


def _softened(logits: Tensor, targets: Tensor, temperature: float) -> list[float]:
    margins = []
    for line, wanted in zip(logits.tolist(), targets.tolist(), strict=True):
        positives = [value for value, on in zip(line, wanted, strict=True) if on]
        negatives = [value for value, on in zip(line, wanted, strict=True) if not on]
        if positives:
            hardest_positive = -temperature * math.log(sum(math.exp(-value / temperature) for value in positives))
            hardest_negative = math.log(sum(map(math.exp, negatives))) if negatives else -math.inf
            margins.append(math.log1p(math.exp(hardest_negative - hardest_positive)))
    return margins


class TestTwoWay:
    def test_softens_the_margin_of_hardest_positive_over_hardest_negative_both_ways(self, targets: Tensor) -> None:
        logits = torch.randn(12, 5, generator=torch.Generator().manual_seed(3))
        rows, columns = _softened(logits, targets, 4), _softened(logits.T, targets.T, 4)
        expected = sum(rows) / len(rows) + sum(columns) / len(columns)
        assert losses.two_way(logits, targets).item() == pytest.approx(expected, rel=1e-5)

    def test_has_finite_gradients_where_a_label_is_absent_or_on_everything(self) -> None:
        logits = torch.zeros(4, 3, requires_grad=True)
        targets = torch.tensor([[True, False, True]] * 3 + [[True, False, False]])
        losses.two_way(logits, targets).backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert logits.grad.isfinite().all()
        assert logits.grad.abs().sum() > 0


class TestSupervisedContrastive:
    def test_is_the_weighted_cross_entropy_of_each_anchor(self, vectors: Tensor, targets: Tensor) -> None:
        weights = losses.likeness(targets, torch.ones(5))
        terms = []
        for anchor in range(12):
            others = [other for other in range(12) if other != anchor]
            logits = {other: float(vectors[anchor] @ vectors[other]) / 0.1 for other in others}
            normaliser = math.log(sum(math.exp(value) for value in logits.values()))
            total = sum(float(weights[anchor, other]) for other in others)
            if total > 0:
                terms.append(-sum(float(weights[anchor, o]) * (logits[o] - normaliser) for o in others) / total)
        assert losses.supervised_contrastive(vectors, weights).item() == pytest.approx(
            sum(terms) / len(terms), rel=1e-5
        )

    def test_is_zero_where_no_two_items_are_alike(self, vectors: Tensor) -> None:
        assert losses.supervised_contrastive(vectors, torch.eye(12)).item() == 0


class TestDistillation:
    def test_is_zero_at_the_start_and_two_at_its_opposite(self, vectors: Tensor) -> None:
        assert losses.distillation(vectors, vectors).item() == pytest.approx(0, abs=1e-6)
        assert losses.distillation(vectors, -vectors).item() == pytest.approx(2)


class TestLikeness:
    def test_is_the_jaccard_index_where_all_labels_say_as_much(self, targets: Tensor) -> None:
        found = losses.likeness(targets, torch.ones(5))
        for left in range(12):
            for right in range(12):
                a, b = set(targets[left].nonzero().flatten().tolist()), set(targets[right].nonzero().flatten().tolist())
                assert found[left, right].item() == pytest.approx(len(a & b) / len(a | b) if a | b else 0)

    def test_counts_a_rare_label_for_more_than_a_common_one(self) -> None:
        targets = torch.tensor([[True, True], [True, False], [False, True], [True, False], [True, False]])
        found = losses.likeness(targets, losses.label_information(targets))
        assert found[0, 2] > found[0, 1]
