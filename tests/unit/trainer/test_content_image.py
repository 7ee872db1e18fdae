"""Pictures of every raster format become upright RGB at the tower's size, judged by their content."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from vectorizer_api.run import Limits
from vectorizer_trainer.errors import OverLimit, UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer


def _halves(mode: str = "RGB") -> Image.Image:
    """Left half dark, right half light."""
    pixels = np.zeros((40, 60), np.uint8)
    pixels[:, 30:] = 200
    return Image.fromarray(pixels).convert(mode)


class TestDecode:
    @pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp", "tiff"])
    def test_reads_every_format_under_any_name(self, tiny_image: Vectorizer, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"picture.{suffix}"
        _halves().save(path)
        item = tiny_image.decode(path.rename(tmp_path / "picture"))
        assert item.shape == (16, 16, 3)
        assert item.dtype == np.uint8
        assert item[:, :6].mean() < 20
        assert item[:, 10:].mean() == pytest.approx(200, abs=10)

    def test_turns_a_picture_upright(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 3
        _halves().save(tmp_path / "turned.jpg", exif=exif)
        assert tiny_image.decode(tmp_path / "turned.jpg")[:, :6].mean() > 180

    @pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "RGBA"])
    def test_reads_every_colour_model(self, tiny_image: Vectorizer, tmp_path: Path, mode: str) -> None:
        path = tmp_path / ("picture.tiff" if mode == "CMYK" else "picture.png")
        _halves(mode).save(path)
        item = tiny_image.decode(path)
        assert item[:, 10:].mean() > 2 * item[:, :6].mean() + 50

    def test_keeps_the_upper_bits_of_a_16_bit_picture(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        Image.fromarray(np.full((20, 20), 200 * 256, np.uint16)).save(tmp_path / "deep.png")
        assert tiny_image.decode(tmp_path / "deep.png").mean() == pytest.approx(200, abs=1)

    def test_lays_transparent_parts_over_white(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "clear.png")
        assert tiny_image.decode(tmp_path / "clear.png").min() == 255

    def test_takes_the_first_frame_of_an_animation(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        frames = [Image.new("L", (20, 20), shade) for shade in (0, 255)]
        frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
        assert tiny_image.decode(tmp_path / "moving.gif").max() == 0

    @pytest.mark.parametrize(
        ("spoil", "reason"),
        [
            (lambda _: b"not a picture", "not a picture"),
            (lambda _: b"", "not a picture"),
            (lambda content: content[: len(content) // 2], "damaged"),
        ],
    )
    def test_rejects_what_is_no_whole_picture(
        self, tiny_image: Vectorizer, tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
    ) -> None:
        path = tmp_path / "picture.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)).save(path)
        path.write_bytes(spoil(path.read_bytes()))
        with pytest.raises(UnreadableFile, match=reason):
            tiny_image.decode(path)

    @pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp", "tiff"])
    @pytest.mark.filterwarnings("ignore:.*:UserWarning")
    def test_calls_a_picture_with_flipped_bytes_damaged_or_reads_it(
        self, tiny_image: Vectorizer, tmp_path: Path, suffix: str
    ) -> None:
        path = tmp_path / f"picture.{suffix}"
        _halves().save(path)
        whole = path.read_bytes()
        for seed in range(60):
            rng = np.random.default_rng(seed)
            content = bytearray(whole)
            for position in rng.integers(0, len(whole), 3):
                content[position] = rng.integers(0, 256)
            path.write_bytes(content)
            with suppress(UnreadableFile, OverLimit):
                assert tiny_image.decode(path).shape == (16, 16, 3)

    def test_refuses_a_picture_over_the_limit_before_decoding_it(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
        with pytest.raises(OverLimit, match="400000000 pixels"):
            tiny_image.decode(tmp_path / "bomb.png", Limits())


class TestFolder:
    def test_holds_an_open_clip_tower_with_the_adapter_inside(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        import json

        import torch
        from open_clip.transformer import VisionTransformer
        from safetensors.torch import load_file

        tilt = torch.eye(12) + 0.3 * torch.randn(12, 12, generator=torch.Generator().manual_seed(1))
        tilted = tiny_image.with_weights(tiny_image.encoder, tilt)
        tilted.save(tmp_path)
        tower = VisionTransformer(**json.loads((tmp_path / "vision_tower.json").read_text())).eval()
        tower.load_state_dict(load_file(tmp_path / "vision_tower.safetensors"))
        picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
        with torch.inference_mode():
            theirs = tower(torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1)[0].numpy()
        ours = tilted.encode_items([picture])[0]
        assert ours == pytest.approx(theirs / np.linalg.norm(theirs), abs=1e-5)
