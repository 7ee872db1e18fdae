"""The things that clouds are made of stand upright, differ, and are said to be what they are."""

import numpy as np
import pytest
from vectorizer_trainer.bases.point_cloud.scans import scan, scanned_items
from vectorizer_trainer.bases.point_cloud.shapes import KNOWN, NEW, PAINTS, Kind, shape
from vectorizer_trainer.bases.point_cloud.solids import bent, box, joined, prism, turned
from vectorizer_trainer.bases.pool import Pool


class TestSolids:
    def test_a_box_has_its_measures(self) -> None:
        assert np.ptp(box(1, 2, 3).xyz, axis=0).tolist() == [1, 2, 3]

    def test_what_is_turned_is_round(self) -> None:
        ring = turned([(2, 0), (2, 1)])
        assert np.linalg.norm(ring.xyz[:, :2], axis=1) == pytest.approx(2)

    def test_a_bent_tube_keeps_its_distance_from_its_path(self) -> None:
        path = np.stack([np.cos(np.arange(30) / 5), np.sin(np.arange(30) / 5), np.arange(30) / 30], axis=1)
        rings = bent(path, 0.1).xyz.reshape(30, -1, 3)
        assert np.linalg.norm(rings - path[:, None], axis=2) == pytest.approx(0.1)

    def test_faces_of_joined_solids_name_their_own_corners(self) -> None:
        both = joined([box(1, 1, 1), box(1, 1, 1).at(x=10)])
        assert np.ptp(both.xyz[both.faces][:, :, 0], axis=1).max() <= 1

    def test_a_prism_is_closed(self) -> None:
        solid = prism([(0, 0), (1, 0), (0, 1)], 1)
        a, b, c = (solid.xyz[solid.faces[:, corner]] for corner in range(3))
        # The areas of a closed surface, as vectors, cancel out.
        assert np.cross(b - a, c - a).sum(axis=0) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kind", [*KNOWN, *NEW], ids=lambda kind: kind.name)
class TestShape:
    def test_is_finite_and_of_a_size_to_hold_or_to_sit_on(self, kind: Kind) -> None:
        for index in range(12):
            made = shape(Pool.BASE, index, 0, [kind])
            assert np.isfinite(made.solid.xyz).all()
            assert 0 <= made.solid.faces.min() <= made.solid.faces.max() < len(made.solid.xyz)
            assert 0.3 < np.ptp(made.solid.xyz, axis=0).max() < 4

    def test_is_the_same_for_the_same_index_and_another_in_another_pool(self, kind: Kind) -> None:
        first, again, other = (shape(pool, 5, 0, [kind]) for pool in (Pool.TRAIN, Pool.TRAIN, Pool.TEST))
        assert np.array_equal(first.solid.xyz, again.solid.xyz)
        assert not np.array_equal(first.colour, other.colour)

    def test_is_called_by_its_name_first(self, kind: Kind) -> None:
        made = shape(Pool.BASE, 0, 0, [kind])
        assert made.labels[0] == kind.name
        assert made.paint in PAINTS


def test_a_scan_lies_on_the_surface_but_for_its_noise() -> None:
    made = shape(Pool.BASE, 5, 0, KNOWN)
    cloud = scan(made, 500, np.random.default_rng(0))
    assert len(cloud.xyz) == 500
    assert (cloud.xyz > made.solid.xyz.min(axis=0) - 0.1).all()
    assert (cloud.xyz < made.solid.xyz.max(axis=0) + 0.1).all()


def test_items_of_a_pool_are_as_many_and_as_large_as_asked_for() -> None:
    shapes, items = scanned_items(Pool.REFERENCE, 12, 0, KNOWN, 64, 8)
    assert len(shapes) == 12
    assert {item.shape for item in items} == {(64, 6)}
