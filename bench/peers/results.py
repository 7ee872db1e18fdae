"""What came out of one method on one task: points in time, each with the quality that was in hand."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["METRICS", "Point", "Quality", "Result"]

METRICS = ("ndcg_at_10", "map_at_100", "knn_label_map")
"""Those that a method must be ahead on."""


@dataclass(frozen=True)
class Quality:
    """Fractions on the test set; retention on the reference files."""

    ndcg_at_10: float
    map_at_100: float
    knn_label_map: float
    retention: float


@dataclass(frozen=True)
class Point:
    """What a method had in hand at a moment."""

    training_seconds: float
    cold_seconds: float
    examples: int
    """Examples that training had seen, each as often as it was seen."""
    quality: Quality


@dataclass(frozen=True)
class Result:
    """One method on one task."""

    content: str
    examples: int
    seed: int
    method: str
    variant: str
    tunes: bool
    points: tuple[Point, ...]
    """In the order of time; the last is the end of the training."""
    chosen: int
    """The point that was best on the examples to choose on."""
    chosen_score: float
    """NDCG@10 + mAP@100 on the examples to choose on, which the variants of a peer compete by."""
    peak: int
    """Bytes."""
    load: float
    """Processes that wanted a core, on average over the minute before: the machine was quiet where it is near 0."""

    @property
    def quality(self) -> Quality:
        """Of the point that was chosen."""
        return self.points[self.chosen].quality

    @property
    def full_seconds(self) -> float:
        """From the start of the process to the end of its training."""
        return self.points[-1].cold_seconds

    @property
    def examples_per_second(self) -> float:
        """Examples that training saw, by the training clock; 0 where nothing was trained."""
        last = self.points[-1]
        return last.examples / last.training_seconds if last.training_seconds > 0 else 0.0

    def first_at(self, ndcg: float) -> Point | None:
        """The first point with such an NDCG@10."""
        return next((point for point in self.points if point.quality.ndcg_at_10 >= ndcg), None)

    def line(self) -> dict[str, Any]:
        """As a line of JSON holds it."""
        return asdict(self)

    @classmethod
    def of_line(cls, line: dict[str, Any]) -> "Result":
        """The result that a line holds; other fields of the line are passed over."""
        fields = {name: line[name] for name in cls.__dataclass_fields__}
        points = [Point(**{**point, "quality": Quality(**point["quality"])}) for point in fields.pop("points")]
        return cls(**fields, points=tuple(points))
