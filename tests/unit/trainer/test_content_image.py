"""Pictures of every raster format become upright RGB at the tower's size, judged by their content."""

import io
import json
from collections.abc import Callable, Sized
from importlib import import_module
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from vectorizer_api.run import Limits
from vectorizer_trainer.content.image import ImageEncoder
from vectorizer_trainer.errors import InvalidVectorizer, UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer, write_vectorizer


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

    def test_refuses_a_picture_over_the_limit_before_decoding_it(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
        with pytest.raises(UnreadableFile, match="400000000 pixels"):
            tiny_image.decode(tmp_path / "bomb.png", Limits())

    def test_gives_up_on_a_picture_that_takes_too_long(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        path = tmp_path / "passes.jpg"
        path.write_bytes(_many_passes(edge=2000, passes=6000))
        with pytest.raises(UnreadableFile, match="longer than 1 s"):
            tiny_image.decode(path, Limits(max_decode_seconds=1))


def _many_passes(edge: int, passes: int) -> bytes:
    """A progressive JPEG of few bytes whose last pass over all pixels comes again and again."""
    content = io.BytesIO()
    Image.new("L", (edge, edge), 7).save(content, "JPEG", progressive=True)
    whole = content.getvalue()
    table, end = whole.rfind(b"\xff\xc4"), whole.rfind(b"\xff\xd9")
    return whole[:end] + passes * whole[table:end] + whole[end:]


class TestFineTuning:
    def test_trains_all_blocks_and_leaves_stem_and_positions(self, tiny_image: Vectorizer) -> None:
        trained = tiny_image.encoder.trained_by_fine_tuning()
        kept = [name for name, _ in tiny_image.encoder.named_parameters() if name not in trained]
        assert {name.split(".")[1] for name in trained} == {"transformer"}
        assert {"tower.positional_embedding", "tower.conv1.weight", "tower.proj"} <= set(kept)

    def test_trains_all_blocks_of_the_production_tower(self, tiny_timm_image: Vectorizer) -> None:
        trained = tiny_timm_image.encoder.trained_by_fine_tuning()
        kept = {name for name, _ in tiny_timm_image.encoder.named_parameters()} - set(trained)
        blocks = len(cast("Sized", tiny_timm_image.encoder.get_submodule("tower.trunk.blocks")))
        assert {name.split(".")[3] for name in trained} == {str(block) for block in range(blocks)}
        assert {"tower.trunk.patch_embed.proj.weight", "tower.trunk.pos_embed", "tower.head.proj.weight"} <= kept


def _tilt(dimension: int) -> torch.Tensor:
    return torch.eye(dimension) + 0.3 * torch.randn(dimension, dimension, generator=torch.Generator().manual_seed(1))


class TestFolder:
    @pytest.mark.parametrize(
        ("fixture", "module", "class_name"),
        [
            ("tiny_image", "open_clip.transformer", "VisionTransformer"),
            ("tiny_timm_image", "open_clip.timm_model", "TimmModel"),
        ],
    )
    def test_holds_an_open_clip_tower_with_the_adapter_inside(
        self, request: pytest.FixtureRequest, tmp_path: Path, fixture: str, module: str, class_name: str
    ) -> None:
        start: Vectorizer = request.getfixturevalue(fixture)
        tilted = start.with_weights(start.encoder, _tilt(start.dimension))
        tilted.save(tmp_path)
        config = json.loads((tmp_path / "vision_tower.json").read_text())
        tower = getattr(import_module(module), class_name)(**config).eval()
        tower.load_state_dict(load_file(tmp_path / "vision_tower.safetensors"))
        size = config["image_size"]
        picture = np.random.default_rng(0).integers(0, 256, (size, size, 3)).astype(np.uint8)
        with torch.inference_mode():
            theirs = tower(torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1)[0].numpy()
        assert tilted.encode_items([picture])[0] == pytest.approx(theirs / np.linalg.norm(theirs), abs=1e-5)

    @pytest.mark.parametrize("fixture", ["tiny_image", "tiny_timm_image"])
    def test_opens_with_the_same_vectors(self, request: pytest.FixtureRequest, tmp_path: Path, fixture: str) -> None:
        start: Vectorizer = request.getfixturevalue(fixture)
        tilted = start.with_weights(start.encoder, _tilt(start.dimension))
        tilted.save(tmp_path)
        size = cast("ImageEncoder", start.encoder).size
        pictures = list(np.random.default_rng(0).integers(0, 256, (3, size, size, 3)).astype(np.uint8))
        again = load_vectorizer(tmp_path).encode_items(pictures)
        assert again == pytest.approx(tilted.encode_items(pictures), abs=1e-5)

    def test_with_weights_of_another_shape_is_refused_by_name(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        files = dict(tiny_image.encoder.serialise(tiny_image.adapter))
        files["vision_tower.json"] = files["vision_tower.json"].replace(b'"width": 16', b'"width": 32')
        write_vectorizer(tmp_path, tiny_image.description, files)
        with pytest.raises(InvalidVectorizer, match=r"size mismatch for class_embedding"):
            load_vectorizer(tmp_path)

    def test_of_an_unknown_architecture_is_refused(self, tiny_image: Vectorizer, tmp_path: Path) -> None:
        other = tiny_image.description.model_copy(update={"architecture": "os.system"})
        write_vectorizer(tmp_path, other, tiny_image.encoder.serialise(tiny_image.adapter))
        with pytest.raises(InvalidVectorizer, match=r"os\.system is none of open_clip"):
            load_vectorizer(tmp_path)
