"""Videos of every format become upright frames at the tower's size, spread over time, judged by their content."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from vectorizer_api.run import Limits
from vectorizer_dev.datasets.video import FORMATS, Format, written
from vectorizer_trainer.content.video import VideoEncoder
from vectorizer_trainer.errors import UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

# Not AV1: its encoder, SVT-AV1, gives the process that it runs in real-time priority, for good.
FURTHER = [
    Format("mp4", "libx265", "yuv420p"),
    Format("mov", "libx264", "yuv444p"),
    Format("mkv", "ffv1", "yuv420p"),
    Format("webm", "libvpx", "yuv420p"),
    Format("avi", "mpeg4", "yuv420p"),
    Format("avi", "libx264", "yuv420p"),
]


def _shades(count: int, step: int = 10) -> NDArray[np.uint8]:
    """Frames [count, 48, 64, 3], each of one grey and lighter than the one before."""
    return np.repeat(step * np.arange(count, dtype=np.uint8), 48 * 64 * 3).reshape(count, 48, 64, 3)


def _save(path: Path, frames: NDArray[np.uint8], form: Format = FORMATS[0]) -> Path:
    path.write_bytes(written(frames, form, 8))
    return path


def _greys(item: NDArray[np.uint8]) -> list[int]:
    return [round(float(frame.mean())) for frame in item]


class TestDecode:
    @pytest.mark.parametrize("form", [*FORMATS, *FURTHER], ids=lambda form: f"{form.suffix}-{form.codec}")
    def test_reads_every_format_under_any_name(self, tiny_video: Vectorizer, tmp_path: Path, form: Format) -> None:
        item = tiny_video.decode(_save(tmp_path / "video.txt", _shades(16), form))
        assert item.shape == (4, 16, 16, 3)
        assert item.dtype == np.uint8
        assert _greys(item) == pytest.approx([20, 60, 100, 140], abs=3)

    def test_reads_the_only_frame(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        assert tiny_video.decode(_save(tmp_path / "one.mp4", _shades(1) + 50)).shape == (1, 16, 16, 3)

    def test_spreads_frames_over_time_where_their_lengths_differ(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        _write_timed(tmp_path / "varying.mp4", _shades(16), [*range(12), 20, 30, 40, 50])
        assert _greys(tiny_video.decode(tmp_path / "varying.mp4")) == pytest.approx([60, 110, 130, 140], abs=3)

    @pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "avi"])
    def test_finds_frames_by_seeking_in_a_long_video(self, tiny_video: Vectorizer, tmp_path: Path, suffix: str) -> None:
        form = next(form for form in FORMATS if form.suffix == suffix)
        item = tiny_video.decode(_save(tmp_path / "long", _shades(240, step=1), form))
        assert _greys(item) == pytest.approx([30, 90, 150, 210], abs=4)

    @pytest.mark.parametrize("angle", [90, 180, 270])
    def test_turns_frames_upright(self, tiny_video: Vectorizer, tmp_path: Path, angle: int) -> None:
        frames = np.zeros((4, 64, 64, 3), np.uint8)
        frames[:, :32] = 220
        path = _write_turned(tmp_path / "turned.mp4", np.rot90(frames, -angle // 90, (1, 2)), angle)
        item = tiny_video.decode(path)
        assert item[:, :6].mean() > 200
        assert item[:, 10:].mean() < 20

    def test_passes_over_sound_and_covers(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        path = tmp_path / "sound.m4a"
        _write_sound(path)
        with pytest.raises(UnreadableFile, match="no moving pictures"):
            tiny_video.decode(path)

    def test_rejects_what_is_no_video(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        Image.new("RGB", (20, 20)).save(tmp_path / "picture.png")
        (tmp_path / "text.mp4").write_text("not a video")
        (tmp_path / "empty.mp4").touch()
        for path in tmp_path.iterdir():
            with pytest.raises(UnreadableFile, match="not a video"):
                tiny_video.decode(path)

    def test_follows_no_reference_to_another_file(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        other = _save(tmp_path / "other.mp4", _shades(4))
        lists = {
            "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
            "list.txt": f"ffconcat version 1.0\nfile '{other}'\n",
        }
        for name, content in lists.items():
            (tmp_path / name).write_text(content)
            with pytest.raises(UnreadableFile, match="not a video"):
                tiny_video.decode(tmp_path / name)

    def test_reads_a_cut_video_as_far_as_it_goes(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        path = _save(tmp_path / "cut.webm", _shades(16), FORMATS[1])
        path.write_bytes(path.read_bytes()[:-200])
        assert 1 <= len(tiny_video.decode(path)) <= 4

    def test_rejects_a_video_most_of_which_is_damaged(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        path = _save(tmp_path / "holes.mp4", _noise(16))
        content = path.read_bytes()
        pictures = content.index(b"mdat") + 4
        index = content.index(b"moov") - 4
        path.write_bytes(content[:pictures] + bytes(index - pictures) + content[index:])
        with pytest.raises(UnreadableFile, match="only 0 of 4 frames"):
            tiny_video.decode(path)


class TestLimits:
    def test_refuses_frames_that_are_too_large(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        path = _save(tmp_path / "large.mp4", _shades(2))
        with pytest.raises(UnreadableFile, match="64 by 48 pixels"):
            tiny_video.decode(path, Limits(max_video_pixels=1000))

    def test_refuses_a_video_that_is_too_long(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        path = _save(tmp_path / "long.mp4", _shades(24))
        with pytest.raises(UnreadableFile, match="a video of 3 s; at most 2 s"):
            tiny_video.decode(path, Limits(max_video_seconds=2))

    def test_refuses_too_many_frames(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        path = _save(tmp_path / "many.mp4", _shades(24))
        with pytest.raises(UnreadableFile, match="more than 10 frames"):
            tiny_video.decode(path, Limits(max_video_frames=10))

    def test_gives_up_on_a_video_that_takes_too_long(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        _write_slow(tmp_path / "slow.mp4")
        with pytest.raises(UnreadableFile, match=r"longer than 0\.1 s to decode"):
            tiny_video.decode(tmp_path / "slow.mp4", Limits(max_decode_seconds=0.1))


class TestEncode:
    def test_averages_the_unit_vectors_of_the_frames(self, tiny_video: Vectorizer, tiny_image: Vectorizer) -> None:
        clips = [_noise(4)[:, :16, :16], _noise(1)[:, :16, :16], _noise(3)[:, 16:32, :16]]
        frames = [tiny_image.encode_items(list(clip)).mean(0) for clip in clips]
        expected = np.stack([mean / np.linalg.norm(mean) for mean in frames])
        assert tiny_video.encode_items(clips) == pytest.approx(expected, abs=1e-5)

    def test_takes_any_number_of_frames_in_several_passes(self, tiny_video: Vectorizer) -> None:
        clips = [_noise(4)[:, :16, :16] for _ in range(40)]
        assert tiny_video.encode_items(clips)[0] == pytest.approx(tiny_video.encode_items(clips[:1])[0], abs=1e-5)

    def test_trains_the_blocks_of_the_tower(self, tiny_video: Vectorizer) -> None:
        assert {name.split(".")[2] for name in tiny_video.encoder.trained_by_fine_tuning()} == {"transformer"}


class TestFolder:
    def test_opens_with_the_same_vectors(self, tiny_video: Vectorizer, tmp_path: Path) -> None:
        turn = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(1))).Q
        tilted = tiny_video.with_weights(tiny_video.encoder, turn)
        tilted.save(tmp_path)
        clips = [_noise(4)[:, :16, :16]]
        again = load_vectorizer(tmp_path)
        assert isinstance(again.encoder, VideoEncoder)
        assert again.encode_items(clips) == pytest.approx(tilted.encode_items(clips), abs=1e-5)
        assert again.encode_items(clips) != pytest.approx(tiny_video.encode_items(clips), abs=0.1)


def _noise(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, 48, 64, 3)).astype(np.uint8)


def _write_timed(path: Path, frames: NDArray[np.uint8], ticks: Sequence[int]) -> None:
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=8)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 8)
        for tick, frame in zip(ticks, frames, strict=True):
            picture = av.VideoFrame.from_ndarray(frame)
            picture.pts, picture.time_base = tick, Fraction(1, 8)
            out.mux(stream.encode(picture))
        out.mux(stream.encode())


def _write_turned(path: Path, frames: NDArray[np.uint8], angle: int) -> Path:
    """A video that says that it is to be turned counter-clockwise by so many degrees when it is shown."""
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=8)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(angle)
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame))))
        out.mux(stream.encode())
    return path


def _write_slow(path: Path) -> None:
    """Frames of noise that can be decoded only one after another."""
    noise = np.random.default_rng(0).integers(0, 256, (4, 480, 640, 3)).astype(np.uint8)
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=8, options={"preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = 480, 640, "yuv420p"
        for number in range(80):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(noise[number % 4])))
        out.mux(stream.encode())


def _write_sound(path: Path) -> None:
    with av.open(path, "w", format="ipod") as out:
        sound = out.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        out.mux(sound.encode(frame))
        out.mux(sound.encode())
