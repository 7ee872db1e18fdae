"""What is recognised as the same content saved anew, and what is not."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases.image.digits import compositions
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.duplicates import contents
from vectorizer_trainer.fingerprints import Fingerprints, fingerprints_of

SECOND = 16_000
Vary = Callable[[np.ndarray], np.ndarray]


def alike(kind: ContentType, left: np.ndarray, right: np.ndarray) -> bool:
    """Whether a pair is found by key and comparison."""
    prints: Fingerprints = fingerprints_of(kind)
    return bool((contents(["x", "y"], [prints.of(left), prints.of(right)], prints) == 0).all())


def saved(picture: np.ndarray, kind: str, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def scaled(picture: np.ndarray, factor: float) -> np.ndarray:
    """Made smaller, and as large as it was again."""
    image = Image.fromarray(picture)
    small = image.resize((int(image.width * factor), int(image.height * factor)))
    return np.asarray(small.resize(image.size))


def large(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((256, 256), Image.Resampling.BICUBIC))


SAVED_ANEW: dict[str, Vary] = {
    "JPEG 90": lambda picture: saved(picture, "JPEG", 90),
    "JPEG 40": lambda picture: saved(picture, "JPEG", 40),
    "WebP 60": lambda picture: saved(picture, "WEBP", 60),
    "a third of the size": lambda picture: scaled(picture, 0.33),
}


class TestPictures:
    @pytest.mark.parametrize("vary", SAVED_ANEW.values(), ids=SAVED_ANEW.keys())
    def test_a_picture_is_recognised_when_it_is_saved_anew(self, vary: Vary) -> None:
        made = [large(picture) for picture in compositions(Pool.TRAIN, 20, seed=0).pictures]
        assert all(alike(ContentType.IMAGE, picture, vary(picture)) for picture in made)

    @pytest.mark.parametrize(
        "vary",
        [lambda picture: picture[:, ::-1].copy(), lambda picture: np.roll(picture, 32, axis=0)],
        ids=["mirrored", "moved by an eighth"],
    )
    def test_another_picture_of_the_same_is_not_a_copy(self, vary: Vary) -> None:
        made = [large(picture) for picture in compositions(Pool.TRAIN, 20, seed=0).pictures]
        assert not any(alike(ContentType.IMAGE, picture, vary(picture)) for picture in made)

    def test_a_picture_in_another_colour_is_not_a_copy(self) -> None:
        red, green = (np.zeros((64, 64, 3), np.uint8) for _ in range(2))
        red[16:48, 16:48, 0] = green[16:48, 16:48, 1] = 160
        assert not alike(ContentType.IMAGE, red, green)

    def test_of_composed_digits_hardly_any_pass_for_copies(self) -> None:
        """Two pictures of the same handwriting in the same place do."""
        made = compositions(Pool.TRAIN, 3000, seed=0)
        prints = fingerprints_of(ContentType.IMAGE)
        same = contents([str(index) for index in range(3000)], [prints.of(p) for p in made.pictures], prints)
        copies = np.flatnonzero(same != np.arange(3000))
        assert len(copies) <= 3
        assert all((made.placed[index] == made.placed[same[index]]).all() for index in copies)


class TestVideos:
    def frames(self, start: int) -> np.ndarray:
        """A bright square that moves to the right."""
        film = np.zeros((8, 32, 32, 3), np.uint8)
        for step, frame in enumerate(film):
            frame[8:20, start + step : start + step + 10] = 200
        return film

    def test_a_video_with_coding_noise_is_a_copy(self) -> None:
        film = self.frames(4)
        noise = np.random.default_rng(0).integers(-3, 4, film.shape)
        assert alike(ContentType.VIDEO, film, np.clip(film + noise, 0, 255).astype(np.uint8))

    def test_another_movement_is_not_a_copy(self) -> None:
        assert not alike(ContentType.VIDEO, self.frames(4), self.frames(4)[::-1].copy())

    def test_a_single_frame_is_no_trouble(self) -> None:
        assert alike(ContentType.VIDEO, self.frames(4)[:1], self.frames(4)[:1])


class TestSounds:
    def melody(self, *notes: float) -> np.ndarray:
        """Half a second of each note, with overtones."""
        time = np.arange(SECOND // 2) / SECOND
        tones = [sum(np.sin(2 * np.pi * note * k * time) / k for k in (1, 2, 3)) * np.exp(-4 * time) for note in notes]
        return (8000 * np.concatenate(tones)).astype(np.int16)

    def test_a_softer_and_coarser_recording_is_a_copy(self) -> None:
        tune = self.melody(440, 550, 660, 440)
        assert alike(ContentType.SOUND, tune, (tune // 3 * 2).astype(np.int16))

    def test_another_tune_is_not_a_copy(self) -> None:
        assert not alike(ContentType.SOUND, self.melody(440, 550, 660, 440), self.melody(440, 660, 550, 440))

    def test_the_same_tune_with_noise_is_not_a_copy(self) -> None:
        tune = self.melody(440, 550, 660, 440)
        noisy = tune + np.random.default_rng(0).normal(0, 400, len(tune)).astype(np.int16)
        assert not alike(ContentType.SOUND, tune, noisy)

    @pytest.mark.parametrize("length", [0, 1, 23, 1024])
    def test_a_sound_of_any_length_has_a_fingerprint(self, length: int) -> None:
        assert alike(ContentType.SOUND, np.zeros(length, np.int16), np.zeros(length, np.int16))


class TestTexts:
    def tokens(self, seed: int, count: int = 300) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, 30_000, count).astype(np.int32)

    def test_a_text_with_one_token_changed_is_a_copy(self) -> None:
        text, changed = self.tokens(0), self.tokens(0)
        changed[150] += 1
        assert alike(ContentType.TEXT, text, changed)

    def test_the_share_of_common_runs_decides(self) -> None:
        """Of 296 runs of 5, ten changes far apart leave 246 in common: a Jaccard index of 0.71."""
        text, changed = self.tokens(0), self.tokens(0)
        changed[10::30] += 1
        assert not alike(ContentType.TEXT, text, changed)

    def test_short_texts_are_copies_where_their_tokens_are_the_same(self) -> None:
        assert alike(ContentType.TEXT, np.array([7, 9]), np.array([7, 9]))
        assert not alike(ContentType.TEXT, np.array([7, 9]), np.array([9, 7]))
        assert not alike(ContentType.TEXT, np.array([7]), np.array([7, 7]))

    def test_an_empty_text_is_no_trouble(self) -> None:
        assert alike(ContentType.TEXT, np.empty(0, np.int32), np.empty(0, np.int32))


def test_of_clouds_only_the_same_file_is_a_copy() -> None:
    cloud = np.random.default_rng(0).standard_normal((100, 3))
    assert not alike(ContentType.POINT_CLOUD, cloud, cloud)
