"""A published checkpoint is believed only where its keys, shapes and kinds are the manifest's; nothing in it is run."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from vectorizer_trainer.published import InvalidCheckpoint, Manifest, PublishedTensor, published_file, read_published

MANIFEST = Manifest(
    source="a test",
    checked="never",
    tensors={
        "blocks.0.weight": PublishedTensor("F32", (2, 3)),
        "blocks.0.bias": PublishedTensor("F32", (2,)),
        "position_ids": PublishedTensor("I64", (1, 4)),
    },
    optional=("position_ids",),
    ignored=("text.",),
)


def tensors(**change: torch.Tensor) -> dict[str, torch.Tensor]:
    """A checkpoint like the manifest, with keys of two underscores for dots changed or added."""
    changed = {key.replace("__", "."): value for key, value in change.items()}
    return {"blocks.0.weight": torch.ones(2, 3), "blocks.0.bias": torch.zeros(2), **changed}


def refusal(path: Path, found: dict[str, torch.Tensor]) -> str:
    save_file(found, path)
    with pytest.raises(InvalidCheckpoint) as caught:
        read_published(path, MANIFEST)
    return str(caught.value)


class TestKeysAndShapes:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "model.safetensors"

    def test_of_the_manifest_are_read_without_what_is_ignored(self, path: Path) -> None:
        save_file(tensors(position_ids=torch.zeros(1, 4, dtype=torch.int64), text__weight=torch.ones(9)), path)
        assert sorted(read_published(path, MANIFEST)) == ["blocks.0.bias", "blocks.0.weight", "position_ids"]

    def test_that_are_optional_may_be_missing(self, path: Path) -> None:
        save_file(tensors(), path)
        assert sorted(read_published(path, MANIFEST)) == ["blocks.0.bias", "blocks.0.weight"]

    def test_missing_are_named(self, path: Path) -> None:
        found = tensors()
        del found["blocks.0.bias"]
        assert "1 missing (“blocks.0.bias”)" in refusal(path, found)

    def test_not_expected_are_named_the_first_few_and_how_many(self, path: Path) -> None:
        message = refusal(path, tensors(**{f"extra{number}": torch.ones(1) for number in range(8)}))
        assert "8 not expected (“extra0”, “extra1”, “extra2”, “extra3”, “extra4” and 3 more)" in message

    def test_of_another_shape_are_named_with_both(self, path: Path) -> None:
        message = refusal(path, tensors(blocks__0__weight=torch.ones(3, 2)))
        assert "1 of another shape or type (“blocks.0.weight: F32 [3, 2] and not F32 [2, 3]”)" in message

    def test_with_integers_for_floats_are_named(self, path: Path) -> None:
        message = refusal(path, tensors(blocks__0__bias=torch.zeros(2, dtype=torch.int64)))
        assert "blocks.0.bias: I64 [2] and not F32 [2]" in message

    def test_in_half_precision_are_read_as_float32(self, path: Path) -> None:
        save_file(tensors(blocks__0__bias=torch.full((2,), 0.5, dtype=torch.float16)), path)
        bias = read_published(path, MANIFEST)["blocks.0.bias"]
        assert bias.dtype == torch.float32
        assert bias.tolist() == [0.5, 0.5]


class TestFile:
    @pytest.mark.parametrize("name", ["model.safetensors", "model.bin"])
    def test_that_is_damaged_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{broken")
        with pytest.raises(InvalidCheckpoint, match=name):
            read_published(tmp_path / name, MANIFEST)

    def test_pickled_by_pytorch_is_read_also_where_the_tensors_lie_deeper(self, tmp_path: Path) -> None:
        torch.save({"module": tensors(), "epoch": 3}, tmp_path / "model.pt")
        read = read_published(tmp_path / "model.pt", MANIFEST.model_copy(update={"within": "module"}))
        assert read["blocks.0.weight"].tolist() == [[1, 1, 1], [1, 1, 1]]

    def test_without_the_place_that_the_manifest_names_is_refused(self, tmp_path: Path) -> None:
        torch.save({"model": tensors()}, tmp_path / "model.pt")
        with pytest.raises(InvalidCheckpoint, match="holds no tensors by name under “module”"):
            read_published(tmp_path / "model.pt", MANIFEST.model_copy(update={"within": "module"}))

    def test_that_would_run_code_is_refused_and_runs_none(self, tmp_path: Path) -> None:
        class Exploit:
            def __reduce__(self) -> tuple[Any, ...]:
                return os.mkdir, (str(tmp_path / "was-run"),)

        content = {"blocks.0.weight": Exploit()}
        torch.save(content, tmp_path / "a.pt")
        (tmp_path / "b.pt").write_bytes(pickle.dumps(content, protocol=2))
        for name in ("a.pt", "b.pt"):
            with pytest.raises(InvalidCheckpoint, match="is not run"):
                read_published(tmp_path / name, MANIFEST)
        assert not (tmp_path / "was-run").exists()

    def test_is_found_in_a_folder_by_the_first_name_that_is_there(self, tmp_path: Path) -> None:
        (tmp_path / "b.bin").touch()
        assert published_file(tmp_path, ["a.safetensors", "b.bin"]) == tmp_path / "b.bin"
        assert published_file(tmp_path / "b.bin", ["a.safetensors"]) == tmp_path / "b.bin"

    def test_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidCheckpoint, match=r"nor a folder with a\.safetensors or b\.bin"):
            published_file(tmp_path, ["a.safetensors", "b.bin"])
