"""Each switch changes pictures in its own way, within its bounds, and depends on the item's seed alone."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from vectorizer_api.content import AugmentationConditions
from vectorizer_trainer.augmentation import Augmentation, pictures
from vectorizer_trainer.augmentation.draws import Purpose, item_seeds
from vectorizer_trainer.augmentation.pictures import PictureAugmentation

CPU = torch.device("cpu")
SWITCHES = list(AugmentationConditions.model_fields)
EDGE = 64
CENTRE = (EDGE - 1) / 2
GREY = np.array([0.299, 0.587, 0.114])

Picture = NDArray[np.uint8]


def switched_on(*names: str) -> PictureAugmentation:
    return PictureAugmentation(AugmentationConditions(**{name: name in names for name in SWITCHES}), CPU)


def always(name: str) -> Augmentation:
    """A switch alone, applied to every item."""
    (camel,) = switched_on(name).transformations
    return switched_on(name).only(camel)


def varied(augmentation: Augmentation, picture: Picture, count: int) -> list[Picture]:
    """Variations of one picture."""
    return augmentation.vary([picture] * count, item_seeds(0, Purpose.VIEW, 1, range(count)))


def noise(count: int = 1, edge: int = 16, seed: int = 0) -> list[Picture]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, edge, edge, 3)).astype(np.uint8))


def spot(x: float, y: float) -> Picture:
    """A soft bright spot on black, so many pixels right of and below the centre."""
    rows, columns = np.mgrid[:EDGE, :EDGE] - CENTRE
    brightness = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 1.5**2))
    return np.repeat(brightness[:, :, None], 3, axis=2).astype(np.uint8)


def place(picture: Picture) -> complex:
    """Where the spot is: pixels right of the centre + i times pixels below it."""
    weight = picture[:, :, 0].astype(float)
    rows, columns = np.mgrid[:EDGE, :EDGE] - CENTRE
    return complex((weight * columns).sum(), (weight * rows).sum()) / float(weight.sum())


def angles(found: Sequence[Picture], original: Picture) -> NDArray[np.float64]:
    """Degrees by which the spot went round the centre."""
    turned = np.array([place(picture) for picture in found]) / place(original)
    return np.degrees(np.angle(turned))


class TestFlip:
    @pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 1), ("vertical_flip", 0)])
    def test_shows_the_exact_mirror_image(self, name: str, axis: int) -> None:
        items = noise(4, edge=31)
        found = always(name).vary(items, [1, 2, 3, 4])
        assert all(np.array_equal(new, np.flip(old, axis)) for new, old in zip(found, items, strict=True))

    @pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 1), ("vertical_flip", 0)])
    def test_happens_to_about_half_of_the_pictures_and_leaves_the_others_as_they_are(
        self, name: str, axis: int
    ) -> None:
        (picture,) = noise()
        found = varied(switched_on(name), picture, 400)
        mirrored = sum(np.array_equal(new, np.flip(picture, axis)) for new in found)
        assert mirrored + sum(np.array_equal(new, picture) for new in found) == 400
        assert 160 < mirrored < 240

    def test_along_both_axes_is_drawn_separately(self) -> None:
        (picture,) = noise()
        found = varied(switched_on("horizontal_flip", "vertical_flip"), picture, 100)
        assert len({new.tobytes() for new in found}) == 4


class TestRotation:
    @pytest.mark.parametrize(("name", "largest"), [("small_rotation", 30), ("large_rotation", 90)])
    def test_turns_either_way_up_to_its_largest_angle(self, name: str, largest: float) -> None:
        found = angles(varied(always(name), spot(14, 9), 200), spot(14, 9))
        assert np.abs(found).max() <= largest + 0.5
        assert found.min() < -0.9 * largest
        assert found.max() > 0.9 * largest
        assert np.abs(found).mean() == pytest.approx(largest / 2, rel=0.15)

    def test_keeps_the_distance_from_the_centre(self) -> None:
        found = varied(always("large_rotation"), spot(14, 9), 50)
        assert np.allclose([abs(place(picture)) for picture in found], abs(14 + 9j), atol=0.2)

    @pytest.mark.parametrize("names", [("small_rotation",), ("large_rotation",), ("small_rotation", "large_rotation")])
    def test_happens_to_about_half_of_the_pictures(self, names: tuple[str, ...]) -> None:
        found = varied(switched_on(*names), spot(14, 9), 400)
        assert 160 < sum(np.array_equal(picture, spot(14, 9)) for picture in found) < 240

    def test_of_both_kinds_is_one_of_the_two_by_a_fair_coin(self) -> None:
        found = np.abs(angles(varied(switched_on("small_rotation", "large_rotation"), spot(14, 9), 800), spot(14, 9)))
        # Of the large ones two thirds go beyond 30 degrees, so a third of those that turn at all.
        assert (found > 30.5).sum() / (found > 0).sum() == pytest.approx(1 / 3, abs=0.06)
        assert found.max() <= 90.5

    def test_repeats_the_edge_where_nothing_is_known(self) -> None:
        bright = np.full((EDGE, EDGE, 3), 200, np.uint8)
        assert all(np.array_equal(picture, bright) for picture in varied(always("large_rotation"), bright, 20))


class TestCenterCrop:
    def test_enlarges_the_middle_to_between_one_and_two_times(self) -> None:
        found = np.array([place(picture) for picture in varied(always("center_crop"), spot(9, -6), 200)])
        scales = abs(9 - 6j) / np.abs(found)
        assert 0.495 <= scales.min() < 0.53
        assert 0.97 < scales.max() <= 1.005
        assert scales.mean() == pytest.approx(0.75, abs=0.03)

    def test_keeps_directions_and_so_the_aspect(self) -> None:
        found = angles(varied(always("center_crop"), spot(9, -6), 50), spot(9, -6))
        assert np.allclose(found, 0, atol=0.7)


class TestBrightness:
    def test_multiplies_every_pixel_by_one_factor(self) -> None:
        picture = np.linspace(10, 180, EDGE * EDGE * 3).reshape(EDGE, EDGE, 3).astype(np.uint8)
        for found in varied(always("brightness_jitter"), picture, 50):
            factor = found.sum() / picture.sum()
            assert np.allclose(found, picture * factor, atol=1)

    def test_has_factors_between_06_and_14(self) -> None:
        grey = np.full((4, 4, 3), 100, np.uint8)
        factors = np.array([found.mean() / 100 for found in varied(always("brightness_jitter"), grey, 300)])
        assert 0.6 <= factors.min() < 0.62
        assert 1.38 < factors.max() <= 1.4


class TestContrast:
    def test_scales_the_distance_from_the_mean_by_06_to_14_and_keeps_the_mean(self) -> None:
        picture = np.full((8, 8, 3), 80, np.uint8)
        picture[4:] = 160
        found = np.array(varied(always("contrast_jitter"), picture, 300), float)
        factors = (found[:, 4:].mean((1, 2, 3)) - found[:, :4].mean((1, 2, 3))) / 80
        assert np.allclose(found.mean((1, 2, 3)), 120, atol=0.6)
        assert 0.58 <= factors.min() < 0.64
        assert 1.36 < factors.max() <= 1.42

    def test_leaves_a_picture_of_one_grey_alone(self) -> None:
        grey = np.full((8, 8, 3), 90, np.uint8)
        assert all(np.array_equal(found, grey) for found in varied(always("contrast_jitter"), grey, 20))


class TestSaturation:
    def test_scales_the_distance_from_grey_by_06_to_14_and_keeps_the_grey(self) -> None:
        colour = np.array([150, 110, 90])
        picture = np.broadcast_to(colour, (4, 4, 3)).astype(np.uint8)
        found = np.array(varied(always("saturation_jitter"), picture, 300), float)[:, 0, 0]
        factors = (found[:, 0] - found[:, 2]) / 60
        assert np.allclose(found @ GREY, colour @ GREY, atol=0.6)
        assert 0.57 <= factors.min() < 0.65
        assert 1.35 < factors.max() <= 1.43

    def test_leaves_greys_alone(self) -> None:
        grey = np.repeat(noise()[0][:, :, :1], 3, axis=2)
        assert all(np.array_equal(found, grey) for found in varied(always("saturation_jitter"), grey, 20))


class TestBlur:
    def test_has_a_sigma_of_01_to_2_pixels_at_an_edge_of_256(self) -> None:
        step = np.zeros((256, 256, 3), np.uint8)
        step[:, 128:] = 255
        distance = np.arange(255) - 127
        sigmas = []
        for found in varied(always("blur"), step, 60):
            weights = np.diff(found[100, :, 0].astype(float))
            sigmas.append(np.sqrt((weights * distance**2).sum() / weights.sum()))
        assert min(sigmas) < 0.3
        assert 1.8 < max(sigmas) <= 2.02

    def test_is_scaled_with_the_size_of_the_picture(self) -> None:
        step = np.zeros((64, 64, 3), np.uint8)
        step[32:] = 255
        softened = [np.abs(np.diff(found[:, 7, 0].astype(int))).max() for found in varied(always("blur"), step, 60)]
        assert min(softened) == pytest.approx(255 * 0.787, abs=5)  # the middle weight of a Gaussian of sigma 0.5

    def test_takes_fine_detail_away_and_keeps_mean_and_coarse_shapes(self) -> None:
        rows, columns = np.mgrid[:256, :256]
        fine, coarse = 60 * (-1.0) ** (rows + columns), 60 * np.sin(2 * np.pi * columns / 128)
        picture = np.repeat((128 + fine + coarse)[:, :, None], 3, axis=2).astype(np.uint8)
        for found in varied(always("blur"), picture, 12):
            spectrum_before, spectrum = (np.abs(np.fft.fft2(each[:, :, 0].astype(float))) for each in (picture, found))
            assert spectrum[128, 128] <= spectrum_before[128, 128] * 1.001
            assert spectrum[0, 2] == pytest.approx(spectrum_before[0, 2], rel=0.02)
            assert found.mean() == pytest.approx(picture.mean(), abs=0.1)


class TestEverySwitch:
    @pytest.mark.parametrize("name", SWITCHES)
    def test_alone_changes_the_pictures_that_it_is_applied_to(self, name: str) -> None:
        items = noise(6, edge=128)
        found = always(name).vary(items, range(6))
        changed = sum(not np.array_equal(new, old) for new, old in zip(found, items, strict=True))
        # The least blur is a tenth of a pixel.
        assert changed >= (4 if name == "blur" else 6)

    @pytest.mark.parametrize("name", SWITCHES)
    def test_leaves_the_draws_of_the_others_as_they_are(self, name: str) -> None:
        flat = np.full((8, 8, 3), 100, np.uint8)
        alone = varied(switched_on("brightness_jitter"), flat, 10)
        together = varied(switched_on("brightness_jitter", name), flat, 10)
        if name not in {"saturation_jitter", "contrast_jitter"}:
            assert all(np.array_equal(new, old) for new, old in zip(together, alone, strict=True))


class TestAllOff:
    @settings(max_examples=20, deadline=None)
    @given(edge=st.integers(1, 20), frames=st.integers(0, 3), seed=st.integers(0, 2**64 - 1))
    def test_is_the_identity_bit_for_bit(self, edge: int, frames: int, seed: int) -> None:
        shape = (edge, edge, 3) if frames == 0 else (frames, edge, edge, 3)
        item = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        assert np.array_equal(switched_on().vary([item], [seed])[0], item)


class TestVideo:
    def test_frames_share_one_draw(self) -> None:
        (picture,) = noise(edge=32)
        for seed in range(10):
            (clip,) = switched_on(*SWITCHES).vary([np.stack([picture] * 4)], [seed])
            assert all(np.array_equal(frame, clip[0]) for frame in clip)

    def test_varies_as_a_picture_of_the_same_seed_does(self) -> None:
        (picture,) = noise(edge=32)
        (clip,) = switched_on(*SWITCHES).vary([picture[None]], [5])
        (still,) = switched_on(*SWITCHES).vary([picture], [5])
        assert np.array_equal(clip[0], still)

    def test_a_change_of_contrast_does_not_make_it_flicker(self) -> None:
        clip = np.stack([np.full((8, 8, 3), 60, np.uint8), np.full((8, 8, 3), 180, np.uint8)])
        for found in varied(always("contrast_jitter"), clip, 20):
            assert found[0].mean() + found[1].mean() == pytest.approx(240, abs=1.5)

    def test_videos_of_different_length_are_varied_together(self) -> None:
        clips = [np.stack(noise(count, seed=count)) for count in (1, 5, 3)]
        together = switched_on(*SWITCHES).vary(clips, [1, 2, 3])
        assert [found.shape for found in together] == [clip.shape for clip in clips]
        (alone,) = switched_on(*SWITCHES).vary(clips[1:2], [2])
        assert np.array_equal(together[1], alone)


class TestSeed:
    def test_the_same_gives_the_same_and_another_another(self) -> None:
        (picture,) = noise(edge=32)
        first, again, other = switched_on(*SWITCHES).vary([picture] * 3, [1, 1, 2])
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    @settings(max_examples=25, deadline=None)
    @given(names=st.sets(st.sampled_from(SWITCHES)), order=st.permutations(range(6)), edge=st.integers(8, 33))
    def test_an_item_depends_on_its_own_seed_whatever_is_beside_it(
        self, names: set[str], order: list[int], edge: int
    ) -> None:
        items = noise(6, edge)
        augmentation = switched_on(*names)
        together = augmentation.vary([items[index] for index in order], [100 + index for index in order])
        for index, found in zip(order, together, strict=True):
            (alone,) = augmentation.vary([items[index]], [100 + index])
            assert np.array_equal(found, alone)
            assert found.shape == items[index].shape
            assert found.dtype == np.uint8

    def test_nothing_depends_on_how_many_are_computed_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        items, seeds = noise(7, edge=20), list(range(7))
        together = switched_on(*SWITCHES).vary(items, seeds)
        monkeypatch.setattr(pictures, "_PIXELS_AT_ONCE", 2 * 20 * 20)
        apart = switched_on(*SWITCHES).vary(items, seeds)
        assert all(np.array_equal(one, other) for one, other in zip(together, apart, strict=True))

    def test_the_items_given_are_not_written_to(self) -> None:
        items = noise(3)
        before = [item.copy() for item in items]
        switched_on(*SWITCHES).vary(items, [1, 2, 3])
        assert all(np.array_equal(item, old) for item, old in zip(items, before, strict=True))
