"""What is recognised as the same content saved anew, and what is not."""

from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw
from vectorizer_api.content import ContentType
from vectorizer_api.run import Limits
from vectorizer_trainer.bases.image.digits import compositions
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.video.moving_digits import moving_digits
from vectorizer_trainer.content.image.picture import decode_picture
from vectorizer_trainer.content.video.clip import decode_clip
from vectorizer_trainer.duplicates import near_copies
from vectorizer_trainer.fingerprints import fingerprints_of

SECOND = 16_000
TOWERS = (32, 224)
"""Edges of pictures for the small and for a large tower."""


def alike(kind: ContentType, left: np.ndarray, right: np.ndarray) -> bool:
    """Whether a pair is found as a candidate and confirmed."""
    prints = fingerprints_of(kind)
    return len(near_copies([prints.of(left), prints.of(right)], prints)) == 1


def scenes(count: int, seed: int = 0) -> list[np.ndarray]:
    """Pictures [300, 400, 3] with as much detail of each size as photographs have (an amplitude of 1 / f)."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(300)[:, None], np.fft.rfftfreq(400)[None])
    frequency[0, 0] = np.inf
    made = []
    for _ in range(count):
        light = np.fft.irfft2(np.fft.rfft2(random.standard_normal((300, 400))) / frequency, (300, 400))
        tint = random.uniform(0.6, 1, 3)
        made.append(((120 + 45 * light / light.std())[..., None] * tint).clip(0, 255).astype(np.uint8))
    return made


def with_object(picture: np.ndarray, left: int, top: int, edge: int, grain: int = 0) -> np.ndarray:
    """A disc on it that is 80 levels lighter or darker, and the noise of a camera."""
    light = int(picture[top + edge // 2, left + edge // 2].mean())
    shown = Image.fromarray(picture)
    box = (left, top, left + edge, top + edge)
    ImageDraw.Draw(shown).ellipse(box, fill=(light + (80 if light < 128 else -80),) * 3)
    noise = np.random.default_rng(grain).normal(0, 2, picture.shape)
    return (np.asarray(shown) + noise).clip(0, 255).astype(np.uint8)


class Album:
    """Saves pictures and reads them as a run does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "picture"

    def read(
        self, picture: np.ndarray, tower: int, kind: str = "PNG", quality: int = 0, scale: float = 1
    ) -> np.ndarray:
        image = Image.fromarray(picture)
        size = (round(image.width * scale), round(image.height * scale))
        image.resize(size).save(self.path, kind, quality=quality)
        return decode_picture(self.path, tower, Limits())


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(tmp_path)


def large_digits(count: int) -> list[np.ndarray]:
    pictures = compositions(Pool.TRAIN, count, seed=0).pictures
    return [np.asarray(Image.fromarray(picture).resize((256, 256), Image.Resampling.BICUBIC)) for picture in pictures]


@pytest.mark.parametrize("tower", TOWERS)
class TestPictures:
    @pytest.mark.parametrize(
        ("kind", "quality", "scale"),
        [("JPEG", 90, 1), ("JPEG", 40, 1), ("WEBP", 60, 1), ("WEBP", 85, 0.9), ("JPEG", 85, 0.5)],
        ids=["JPEG 90", "JPEG 40", "WebP 60", "nine tenths of the size", "half of the size"],
    )
    def test_a_picture_is_recognised_when_it_is_saved_anew(
        self, album: Album, tower: int, kind: str, quality: int, scale: float
    ) -> None:
        for picture in [*large_digits(4), *scenes(4), with_object(np.full((300, 400, 3), 90, np.uint8), 60, 200, 40)]:
            again = album.read(picture, tower, kind, quality, scale)
            assert alike(ContentType.IMAGE, album.read(picture, tower), again)

    @pytest.mark.parametrize("edge", [40, 15])
    def test_a_small_object_in_another_place_is_another_picture_however_busy_the_background_is(
        self, album: Album, tower: int, edge: int
    ) -> None:
        """A fixed camera: all but a hundredth, or a six-hundredth, of the picture is the same."""
        random = np.random.default_rng(0)
        flat, slope = np.full((300, 400, 3), 120, np.uint8), np.zeros((300, 400, 3), np.uint8)
        slope += np.linspace(40, 200, 400).astype(np.uint8)[:, None]
        for background in (flat, slope, scenes(1)[0]):
            places = [(20 + 60 * int(column), 20 + 60 * int(row)) for column, row in random.integers(0, 4, (6, 2))]
            shown = [
                album.read(with_object(background, *place, edge, grain), tower, "JPEG", 85)
                for grain, place in enumerate(dict.fromkeys(places))
            ]
            without = album.read(background, tower, "JPEG", 85)
            assert len(shown) > 3
            assert not any(alike(ContentType.IMAGE, *pair) for pair in combinations([without, *shown], 2))

    def test_two_shots_of_one_thing_by_a_fixed_camera_are_near_copies(self, album: Album, tower: int) -> None:
        scene = scenes(1)[0]
        shots = [album.read(with_object(scene, 100, 100, 40, grain), tower, "JPEG", 85) for grain in (1, 2)]
        assert alike(ContentType.IMAGE, *shots)

    def test_two_pieces_of_one_texture_are_different_pictures(self, album: Album, tower: int) -> None:
        """In a thumbnail both are an even grey."""
        random = np.random.default_rng(0)
        pieces = [(120 + 25 * random.standard_normal((300, 400, 1))).clip(0, 255).astype(np.uint8) for _ in range(2)]
        one, other = (np.repeat(piece, 3, axis=2) for piece in pieces)
        assert not alike(ContentType.IMAGE, album.read(one, tower), album.read(other, tower))
        assert alike(ContentType.IMAGE, album.read(one, tower), album.read(one, tower, "JPEG", 75))

    def test_mirrored_or_moved_it_is_another_picture(self, album: Album, tower: int) -> None:
        for picture in large_digits(4):
            for other in (picture[:, ::-1].copy(), np.roll(picture, 32, axis=0)):
                assert not alike(ContentType.IMAGE, album.read(picture, tower), album.read(other, tower))

    def test_in_another_colour_of_the_same_light_it_is_another_picture(self, album: Album, tower: int) -> None:
        red, green = (np.zeros((64, 64, 3), np.uint8) for _ in range(2))
        red[16:48, 16:48, 0], green[16:48, 16:48, 1] = 200, 102
        assert not alike(ContentType.IMAGE, album.read(red, tower), album.read(green, tower))


def test_of_composed_digits_hardly_any_pass_for_copies() -> None:
    """Two pictures of the same handwriting in the same place do."""
    made = compositions(Pool.TRAIN, 3000, seed=0)
    prints = fingerprints_of(ContentType.IMAGE)
    pairs = near_copies([prints.of(picture) for picture in made.pictures], prints)
    assert len(pairs) <= 3
    assert all((made.placed[left] == made.placed[right]).all() for left, right in pairs.tolist())


def film(path: Path, frames: np.ndarray, coarseness: int) -> np.ndarray:
    """The clip [8, 64, 64, 3] of a video that is coded with this quantiser, from 1 to 31."""
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width = stream.height = 128
        stream.pix_fmt = "yuv420p"
        stream.options = {"qmin": str(coarseness), "qmax": str(coarseness)}
        for frame in frames:
            large = np.asarray(Image.fromarray(frame).resize((128, 128), Image.Resampling.BICUBIC))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(large, format="rgb24")))
        container.mux(stream.encode())
    return decode_clip(path, 8, 64, Limits())


class TestVideos:
    def on_one_background(self, count: int) -> list[np.ndarray]:
        """Different digits that move in the middle of the same scene, [16, 64, 64, 3]."""
        scene = np.asarray(Image.fromarray(scenes(1)[0]).resize((64, 64)))
        films = []
        for clip in moving_digits(Pool.TRAIN, count, seed=0):
            film = np.repeat(scene[None], len(clip.frames), axis=0)
            for shown, frame in zip(film, clip.frames, strict=True):
                small = np.asarray(Image.fromarray(frame).resize((32, 32), Image.Resampling.BOX))
                shown[16:48, 16:48] = np.maximum(shown[16:48, 16:48], small)
            films.append(film)
        return films

    def test_a_video_is_recognised_when_it_is_coded_anew(self, tmp_path: Path) -> None:
        for frames in self.on_one_background(6):
            fine, coarse = (film(tmp_path / "a.mp4", frames, coarseness) for coarseness in (2, 12))
            assert np.abs(fine.astype(int) - coarse).mean() > 1
            assert alike(ContentType.VIDEO, fine, coarse)

    def test_different_digits_moving_in_front_of_one_background_are_different_videos(self, tmp_path: Path) -> None:
        """By four frames of eight by eight cells each, 12 of these 44 passed for copies."""
        prints = fingerprints_of(ContentType.VIDEO)
        clips = [film(tmp_path / "a.mp4", frames, 4) for frames in self.on_one_background(44)]
        assert near_copies([prints.of(clip) for clip in clips], prints).tolist() == []

    def test_the_other_way_round_it_is_another_video(self) -> None:
        growing = [clip.frames for clip in moving_digits(Pool.TRAIN, 40, seed=0) if clip.motion == "growing"]
        assert growing
        assert not any(alike(ContentType.VIDEO, frames, frames[::-1].copy()) for frames in growing)

    def test_a_single_frame_is_no_trouble(self) -> None:
        frames = self.on_one_background(1)[0]
        assert alike(ContentType.VIDEO, frames[:1], frames[:1])


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

    def test_a_short_tone_on_the_same_hum_is_another_sound(self) -> None:
        time = np.arange(4 * SECOND) / SECOND
        hum = np.sum([6000 / k * np.sin(2 * np.pi * 50 * k * time) for k in range(1, 40)], axis=0)
        with_tone = hum + 2000 * np.sin(2 * np.pi * 3000 * time) * (np.abs(time - 2) < 0.1)
        with_noise = hum + np.random.default_rng(0).integers(-1, 2, len(hum))
        assert not alike(ContentType.SOUND, hum.astype(np.int16), with_tone.astype(np.int16))
        assert alike(ContentType.SOUND, hum.astype(np.int16), with_noise.astype(np.int16))

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


@pytest.mark.parametrize("kind", [ContentType.IMAGE, ContentType.VIDEO])
def test_a_fingerprint_takes_a_few_kilobytes(kind: ContentType) -> None:
    assert fingerprints_of(kind).of(np.zeros((64, 64, 3), np.uint8)).nbytes < 6 * 1024
