"""Uni3D: what the paper says, step by step; saved, opened, tuned and imported."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, silu
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.point_cloud import Architecture, PointCloudEncoder, PointTransformer
from vectorizer_trainer.content.point_cloud.architecture import nearest
from vectorizer_trainer.content.point_cloud.item import Cloud, farthest_points, to_item
from vectorizer_trainer.errors import UnreadableFile
from vectorizer_trainer.published import InvalidCheckpoint, Manifest, point_cloud, read_manifest
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

Draw = Callable[[Manifest], dict[str, Tensor]]
SMALL = Architecture(
    points=60,
    groups=8,
    group_size=6,
    stem_width=16,
    patch_dimension=10,
    width=24,
    depth=2,
    heads=3,
    output_dimension=12,
)


def drawn(seed: int, points: int = 60) -> Item:
    rng = np.random.default_rng(seed)
    return to_item(Cloud(rng.normal(size=(points, 3)), rng.random((points, 3), np.float32)), 60, 8, rng)


@pytest.fixture(scope="module")
def network() -> PointTransformer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = PointTransformer(SMALL)
        for name, value in made.state_dict().items():
            if name.endswith(("running_mean", "running_var", "bias", "weight")):
                value.copy_(torch.rand_like(value) if name.endswith("var") else value + 0.3 * torch.randn_like(value))
    return made.eval()


@pytest.fixture
def vectorizer(network: PointTransformer) -> Vectorizer:
    description = VectorizerDescription(
        name="tiny",
        content_type=ContentType.POINT_CLOUD,
        architecture="uni3d",
        dimension=12,
        licence="MIT",
        files={},
    )
    return Vectorizer(description, PointCloudEncoder(network), torch.eye(12))


class TestItem:
    def test_its_first_rows_are_each_the_farthest_from_all_before(self) -> None:
        points = np.random.default_rng(0).normal(size=(50, 3))
        order = farthest_points(points, 20)
        assert order[0] == np.linalg.norm(points, axis=1).argmax()
        for position in range(1, 20):
            distances = np.linalg.norm(points[:, None] - points[order[:position]], axis=2).min(axis=1)
            assert order[position] == distances.argmax()

    def test_points_in_one_place_are_each_taken_once(self) -> None:
        twice = np.repeat(np.eye(3), 4, axis=0)
        assert sorted(farthest_points(twice, 12)) == list(range(12))

    def test_every_point_of_a_small_cloud_is_repeated_alike(self) -> None:
        cloud = Cloud(np.random.default_rng(0).normal(size=(25, 3)))
        _, often = np.unique(to_item(cloud, 60, 8, np.random.default_rng(0))[:, :3], axis=0, return_counts=True)
        assert sorted(often) == [2] * 15 + [3] * 10

    def test_size_and_place_of_a_cloud_do_not_matter(self) -> None:
        xyz = np.random.default_rng(0).normal(size=(60, 3))
        here, there = (to_item(Cloud(c), 60, 8, np.random.default_rng(0)) for c in (xyz, 1000 * xyz + [5, 9, -7]))
        assert here[:, :3] == pytest.approx(there[:, :3], abs=2e-3)

    def test_one_point_is_no_cloud(self) -> None:
        with pytest.raises(UnreadableFile, match="in one place"):
            to_item(Cloud(np.ones((5, 3))), 60, 8, np.random.default_rng(0))


class TestNetwork:
    def test_agrees_with_the_paper_followed_step_by_step(self, network: PointTransformer) -> None:
        cloud = torch.from_numpy(drawn(0)).float()
        with torch.inference_mode():
            assert network(cloud[None])[0].numpy() == pytest.approx(
                naive(network.state_dict(), cloud).numpy(), abs=1e-4
            )

    def test_takes_no_notice_of_the_order_of_points_behind_the_centres(self, vectorizer: Vectorizer) -> None:
        item = drawn(1)
        mixed = np.concatenate([item[:8], np.random.default_rng(0).permutation(item[8:])])
        assert vectorizer.encode_items([mixed]) == pytest.approx(vectorizer.encode_items([item]), abs=1e-5)

    def test_clouds_do_not_change_their_neighbours_in_a_batch(self, vectorizer: Vectorizer) -> None:
        items = [drawn(seed) for seed in range(5)]
        alone = np.concatenate([vectorizer.encode_items([item]) for item in items])
        assert vectorizer.encode_items(items) == pytest.approx(alone, abs=1e-5)

    def test_gives_the_same_with_gradients_and_without(self, vectorizer: Vectorizer) -> None:
        items = [drawn(seed) for seed in range(3)]
        with torch.enable_grad():
            learning = vectorizer.encoder.features(items)
        with torch.inference_mode():
            resting = vectorizer.encoder.features(items)
        assert learning.detach().numpy() == pytest.approx(resting.numpy(), abs=1e-6)

    def test_in_lower_precision_the_same_points_are_next_to_a_centre(self) -> None:
        clouds = torch.rand(4, 2000, 3, generator=torch.Generator().manual_seed(0))
        exact = nearest(clouds[:, :32], clouds, 32)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(nearest(clouds[:, :32], clouds, 32), exact)

    def test_trains_its_blocks_alone(self, vectorizer: Vectorizer) -> None:
        names = vectorizer.encoder.trained_by_fine_tuning()
        assert {name.split(".")[2] for name in names} == {"blocks"}
        assert len(names) == 2 * 19


class TestFolder:
    def test_saved_and_opened_gives_the_same_vectors_with_the_adapter_inside(
        self, vectorizer: Vectorizer, tmp_path: Path
    ) -> None:
        tilt = torch.eye(12) + 0.3 * torch.randn(12, 12, generator=torch.Generator().manual_seed(1))
        tilted = vectorizer.with_weights(vectorizer.encoder, tilt)
        tilted.save(tmp_path / "v")
        opened = load_vectorizer(tmp_path / "v")
        assert torch.equal(opened.adapter, torch.eye(12))
        items = [drawn(seed) for seed in range(3)]
        assert opened.encode_items(items) == pytest.approx(tilted.encode_items(items), abs=1e-5)

    def test_decodes_to_what_its_architecture_asks_for(self, vectorizer: Vectorizer, tmp_path: Path) -> None:
        np.save(tmp_path / "cloud.npy", np.random.default_rng(0).normal(size=(500, 3)))
        assert vectorizer.decode(tmp_path / "cloud.npy").shape == (60, 6)


class TestPublished:
    @pytest.fixture
    def cut(self, monkeypatch: pytest.MonkeyPatch) -> Manifest:
        """The manifest of Uni3D-B cut down to one block, and smaller clouds: its structure at a small size."""
        full = read_manifest(point_cloud.NAME)
        tensors = {key: one for key, one in full.tensors.items() if "blocks." not in key or "blocks.0." in key}
        manifest = full.model_copy(update={"tensors": tensors})
        smaller = {"depth": 1, "points": 60, "groups": 8, "group_size": 6}
        monkeypatch.setattr(point_cloud, "_ARCHITECTURE", point_cloud._ARCHITECTURE.model_copy(update=smaller))
        monkeypatch.setattr(point_cloud, "read_manifest", lambda name: manifest)
        return manifest

    @pytest.mark.parametrize("wrapper", ["", "module."])
    def test_is_opened_as_published_without_what_is_never_computed_with(
        self, cut: Manifest, drawn_checkpoint: Draw, tmp_path: Path, wrapper: str
    ) -> None:
        weights = {**drawn_checkpoint(cut), "logit_scale": torch.ones([])}
        weights["point_encoder.visual.head.weight"] = torch.ones(1000, 768)
        state = {
            f"{wrapper}{key}": value.half() if value.is_floating_point() else value for key, value in weights.items()
        }
        torch.save({"module": state, "epoch": 200}, tmp_path / "model.pt")
        encoder = point_cloud.open_published(tmp_path).encoder.eval()
        with torch.inference_mode():
            vectors = encoder.features([drawn(0), drawn(1)])
        assert vectors.shape == (2, 1024)
        assert vectors.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)

    @pytest.mark.parametrize("key", ["point_encoder.cls_pos", "point_encoder.visual.blocks.0.mlp.norm.bias"])
    def test_with_a_missing_an_extra_or_a_misshapen_tensor_is_refused_by_name(
        self, cut: Manifest, drawn_checkpoint: Draw, tmp_path: Path, key: str
    ) -> None:
        weights = drawn_checkpoint(cut)
        remaining = {name: value for name, value in weights.items() if name != key}
        for changed in (remaining, {**weights, key: torch.ones(7)}, {**weights, f"{key}.more": torch.ones(7)}):
            save_file(changed, tmp_path / "model.safetensors")
            with pytest.raises(InvalidCheckpoint, match=key):
                point_cloud.open_published(tmp_path / "model.safetensors")

    def test_its_manifest_is_what_the_architecture_consists_of(self) -> None:
        with torch.device("meta"):
            state = PointTransformer(point_cloud._ARCHITECTURE).state_dict()
        manifest = read_manifest(point_cloud.NAME)
        assert {f"point_encoder.{key}": tuple(value.shape) for key, value in state.items()} == {
            key: one.shape for key, one in manifest.tensors.items()
        }

    def test_is_saved_under_the_published_names(self, vectorizer: Vectorizer, tmp_path: Path) -> None:
        vectorizer.save(tmp_path / "v")
        names = {
            name.replace("blocks.1.", "blocks.0.") for name in load_file(tmp_path / "v/point_transformer.safetensors")
        }
        published = {key.removeprefix("point_encoder.") for key in read_manifest(point_cloud.NAME).tensors}
        assert names < published


def naive(state: dict[str, Tensor], cloud: Tensor) -> Tensor:
    """Features [output dimension] of a cloud [points, 6], one patch, one head and one layer at a time."""
    tokens = [state["cls_token"][0, 0] + state["cls_pos"][0, 0]]
    for centre in cloud[: SMALL.groups]:
        distances = (cloud[:, :3] - centre[:3]).norm(dim=1)
        patch = cloud[distances.argsort()[: SMALL.group_size]].clone()
        patch[:, :3] -= centre[:3]
        said = dense(state, "encoder2trans", pointnet(state, patch))
        tokens.append(said + dense(state, "pos_embed.2", gelu(dense(state, "pos_embed.0", centre[:3]))))
    x = torch.stack(tokens)
    for number in range(SMALL.depth):
        x = block(state, f"visual.blocks.{number}", x)
    return dense(state, "trans2embed", normed(state, "visual.fc_norm", x[0]))


def pointnet(state: dict[str, Tensor], patch: Tensor) -> Tensor:
    points = twice(state, "encoder.first_conv", patch)
    whole = points.max(dim=0).values.expand(len(points), -1)
    return twice(state, "encoder.second_conv", torch.cat([whole, points], dim=1)).max(dim=0).values


def twice(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    x = linear(x, state[f"{name}.0.weight"][:, :, 0], state[f"{name}.0.bias"])
    spread = (state[f"{name}.1.running_var"] + 1e-5).sqrt()
    x = (x - state[f"{name}.1.running_mean"]) / spread * state[f"{name}.1.weight"] + state[f"{name}.1.bias"]
    return linear(x.clamp(min=0), state[f"{name}.3.weight"][:, :, 0], state[f"{name}.3.bias"])


def block(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """Pre-norm attention without any embedding of position, then a gated layer with a norm inside."""
    y = normed(state, f"{name}.norm1", x)
    q, v = dense(state, f"{name}.attn.q_proj", y), dense(state, f"{name}.attn.v_proj", y)
    k = linear(y, state[f"{name}.attn.k_proj.weight"])
    size = SMALL.width // SMALL.heads
    heads = []
    for start in range(0, SMALL.width, size):
        part = slice(start, start + size)
        heads.append((q[:, part] @ k[:, part].T / math.sqrt(size)).softmax(dim=1) @ v[:, part])
    x = x + dense(state, f"{name}.attn.proj", torch.cat(heads, dim=1))
    y = normed(state, f"{name}.norm2", x)
    gated = silu(dense(state, f"{name}.mlp.fc1_g", y)) * dense(state, f"{name}.mlp.fc1_x", y)
    return x + dense(state, f"{name}.mlp.fc2", normed(state, f"{name}.mlp.norm", gated))


def dense(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def normed(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], 1e-6)
