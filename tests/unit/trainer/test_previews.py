"""What is seen and heard of a decoded file."""

import io
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest
from PIL import Image
from vectorizer_api.content import ContentType
from vectorizer_trainer.report.cloud_view import view_cloud
from vectorizer_trainer.report.previews import Excerpt, Picture, Preview, Recording, previewer
from vectorizer_trainer.vectorizer import Vectorizer


def shown(content_type: ContentType, item: Any, **encoder: Any) -> Preview:
    """The preview of an item by a vectorizer of which only the type and what its encoder offers are looked at."""
    vectorizer = SimpleNamespace(content_type=content_type, encoder=SimpleNamespace(**encoder))
    return previewer(cast("Vectorizer", vectorizer))(item)


def opened(preview: Preview) -> Image.Image:
    assert isinstance(preview, Picture)
    picture = Image.open(io.BytesIO(preview.data))
    assert picture.size == (preview.width, preview.height)
    assert picture.get_format_mimetype() == preview.media_type
    return picture


def noise(*shape: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


class TestImage:
    def test_a_large_picture_is_shrunk(self) -> None:
        item = np.full((256, 256, 3), (200, 30, 60), np.uint8)
        picture = opened(shown(ContentType.IMAGE, item))
        assert picture.size == (160, 160)
        assert np.allclose(np.asarray(picture.convert("RGB")).mean((0, 1)), (200, 30, 60), atol=4)

    def test_a_tiny_picture_keeps_each_pixel(self) -> None:
        item = noise(32, 32, 3)
        preview = shown(ContentType.IMAGE, item)
        assert isinstance(preview, Picture)
        assert preview.tiny
        assert np.array_equal(np.asarray(opened(preview).convert("RGB")), item)

    def test_even_noise_is_small(self) -> None:
        preview = shown(ContentType.IMAGE, noise(384, 384, 3))
        assert isinstance(preview, Picture)
        assert len(preview.data) < 20_000


class TestVideo:
    def test_four_frames_at_equal_distances_stand_side_by_side(self) -> None:
        frames = np.repeat(np.arange(0, 160, 10, dtype=np.uint8), 32 * 32 * 3).reshape(16, 32, 32, 3)
        strip = np.asarray(opened(shown(ContentType.VIDEO, frames)).convert("RGB"))
        assert strip.shape == (32, 4 * 32 + 3 * 2, 3)
        assert strip[0, ::34, 0].tolist() == [0, 50, 100, 150]
        assert strip[0, 32:34, 0].tolist() == [128, 128]

    def test_of_two_frames_both_are_shown(self) -> None:
        assert opened(shown(ContentType.VIDEO, noise(2, 224, 224, 3))).size == (194, 96)


class TestSound:
    RATE = 48_000

    def recording(self, item: Any) -> Recording:
        preview = shown(ContentType.SOUND, item, sample_rate=self.RATE)
        assert isinstance(preview, Recording)
        return preview

    @staticmethod
    def decoded(recording: Recording) -> tuple[Any, int]:
        with av.open(io.BytesIO(recording.data), "r") as container:
            frames = list(container.decode(audio=0))
        return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate

    def test_its_first_seconds_can_be_heard(self) -> None:
        tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(6 * self.RATE) / self.RATE)).astype(np.int16)
        recording = self.recording(tone)
        assert recording.media_type == "audio/mpeg"
        assert (recording.seconds, recording.whole_seconds) == (4, 6)
        samples, rate = self.decoded(recording)
        assert len(samples) / rate == pytest.approx(4, abs=0.1)
        spectrum = np.abs(np.fft.rfft(samples[rate : 2 * rate]))
        assert spectrum.argmax() == pytest.approx(440, abs=2)

    def test_four_seconds_of_noise_are_small(self) -> None:
        loud = np.random.default_rng(0).integers(-30_000, 30_000, 10 * self.RATE).astype(np.int16)
        assert len(self.recording(loud).data) < 20_000

    def test_its_shape_is_the_loudness_of_each_stretch(self) -> None:
        item = np.concatenate([np.zeros(self.RATE, np.int16), np.full(self.RATE, -32768, np.int16)])
        loudness = self.recording(item).loudness
        assert loudness[:24] == (0,) * 24
        assert loudness[24:] == (1,) * 24

    def test_the_shortest_sound_that_is_accepted_can_be_heard(self) -> None:
        samples, _ = self.decoded(self.recording(np.full(480, 20_000, np.int16)))
        assert np.abs(samples).max() > 0.1


class TestText:
    def test_it_is_the_beginning_on_one_line(self, tiny_text: Vectorizer) -> None:
        item = tiny_text.encoder.tokenise("w1 w2 w3")  # type: ignore[operator]
        assert previewer(tiny_text)(item) == Excerpt("w1 w2 w3")

    def test_a_long_text_is_cut(self) -> None:
        preview = shown(ContentType.TEXT, np.zeros(1, np.int32), spelled=lambda _: "word\n" * 1000)
        assert isinstance(preview, Excerpt)
        assert len(preview.text) <= 241
        assert preview.text.endswith("word…")


class TestPointCloud:
    def test_it_is_seen_on_nothing(self) -> None:
        cloud = np.random.default_rng(0).normal(size=(10_000, 6)).astype(np.float16)
        picture = opened(shown(ContentType.POINT_CLOUD, cloud))
        assert picture.mode == "RGBA"
        assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]

    def test_what_is_higher_is_seen_higher(self) -> None:
        red, blue = (1, 0, 0), (0, 0, 1)
        seen = view_cloud(np.array([[0, 0, 1, *red], [0, 0, -1, *blue]], np.float16), 64)
        assert np.flatnonzero(seen[:, :, 0].any(1)).max() < np.flatnonzero(seen[:, :, 2].any(1)).min()

    def test_near_points_hide_far_ones(self) -> None:
        towards = np.array([np.sin(np.deg2rad(35)), -np.cos(np.deg2rad(35)), 0]) * np.cos(np.deg2rad(25))
        towards[2] = np.sin(np.deg2rad(25))
        near, far = [*towards, 1, 0, 0], [*-towards, 0, 0, 1]
        above, below = [0, 0, 3, 0, 1, 0], [0, 0, -3, 0, 1, 0]
        for cloud in ([near, far, above, below], [far, near, above, below]):
            seen = view_cloud(np.array(cloud, np.float32), 64)
            assert seen[:, :, 0].any()
            assert not seen[:, :, 2].any()

    def test_points_of_one_colour_are_told_apart_by_depth(self) -> None:
        cloud = np.concatenate([np.random.default_rng(0).normal(size=(500, 3)), np.full((500, 3), 0.4)], axis=1)
        seen = view_cloud(cloud, 64)
        assert len(np.unique(seen[seen[:, :, 3] > 0], axis=0)) > 50

    @pytest.mark.parametrize("value", [0, np.nan, np.inf])
    def test_points_that_lie_nowhere_are_no_error(self, value: float) -> None:
        assert view_cloud(np.full((10, 6), value, np.float16), 32).shape == (32, 32, 4)
