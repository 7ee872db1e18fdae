"""example_to_labels.json: what is accepted, and the sentence that each fault gets."""

import json
from collections.abc import Iterable
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.labels import check_trainable, label_warnings, parse_labels

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
NAMES = TEXTS.filter(lambda text: bool(text.strip()) and normalize("NFC", text) == text)


def sets_of(count: int, labels: Iterable[str] = ("a", "b")) -> list[list[str]]:
    pool = list(labels)
    return [[pool[index % len(pool)]] for index in range(count)]


class TestAccepted:
    def test_maps_each_file_to_its_labels_in_order(self) -> None:
        labels = parse_labels(b'{"a.txt": ["x", "y"], "sub/b.txt": ["y"]}')
        assert labels.of == {"a.txt": ("x", "y"), "sub/b.txt": ("y",)}

    def test_a_byte_order_mark_is_dropped(self) -> None:
        assert parse_labels(b'\xef\xbb\xbf{"a": ["x"]}').of == {"a": ("x",)}

    def test_names_and_labels_are_composed(self) -> None:
        assert parse_labels('{"cafe\u0301.txt": ["e\u0301te\u0301"]}'.encode()).of == {
            "caf\u00e9.txt": ("\u00e9t\u00e9",)
        }

    def test_a_label_written_twice_counts_once(self) -> None:
        assert parse_labels(b'{"a": ["x", "x"]}').of == {"a": ("x",)}

    def test_an_empty_list_is_a_file_without_labels(self) -> None:
        labels = parse_labels(b'{"a": [], "b": ["x"]}')
        assert (labels.unlabelled, labels.examples) == (["a"], ["b"])

    @given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3, unique=True), max_size=5), st.booleans())
    def test_whatever_json_writes_is_read_alike(self, content: dict[str, list[str]], ascii_only: bool) -> None:
        data = json.dumps(content, ensure_ascii=ascii_only, indent=1).encode()
        assert parse_labels(data).of == {name: tuple(labels) for name, labels in content.items()}

    def test_fifty_thousand_names_take_linear_time(self) -> None:
        content = {f"folder/{index}.txt": ["a", "b"] for index in range(50_000)}
        assert len(parse_labels(json.dumps(content, indent=1).encode()).of) == 50_000


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: expected an object, found the end of the file."),
        ("[]", "line 1: expected an object, found a list."),
        ("NaN", "line 1: expected an object, found NaN."),
        ("{'a': []}", "line 1: expected a file name in double quotes, found a single quote."),
        ('{"a": ["x"]', "line 1: expected a comma or } between the file names, found the end of the file."),
        ('{"a": ["x"],\n}', "line 2: there is a comma before the closing } of the file names."),
        ('{"a": ["x",]}', "line 1: there is a comma before the closing ] of the labels of “a”."),
        ('{"a": ["x"]} {}', "line 1: expected nothing after the closing brace, found an object."),
        ('{"a" ["x"]}', "line 1: expected a colon after “a”, found a list."),
        ('{\n"a": "x"}', "line 2: the value of “a” must be a list of labels, found a string."),
        ('{\n\n"a": null}', "line 3: the value of “a” must be a list of labels, found null."),
        ('{"a": {"b": []}}', "line 1: the value of “a” must be a list of labels, found an object."),
        ('{"a": NaN}', "line 1: the value of “a” must be a list of labels, found NaN."),
        ('{"a": [NaN]}', "line 1: expected a label of “a” in double quotes, found NaN."),
        ('{"a": [1]}', "line 1: expected a label of “a” in double quotes, found a number."),
        ('{"a": [""]}', "line 1: “a” has an empty label."),
        ('{"a": [" "]}', "line 1: “a” has an empty label."),
        ('{"a": ["x"],\n "b": ["y"],\n "a": ["z"]}', "line 3: “a” is named twice, first in line 1."),
        ('{"caf\u00e9": ["x"],\n "cafe\u0301": ["y"]}', "line 2: “caf\u00e9” is named twice, first in line 1."),
        ('{"a": ["\\ud800"]}', "line 1: a label of “a” in double quotes holds half of a surrogate pair."),
        ('{"a\tb": ["x"]}', "line 1: a file name in double quotes is not valid JSON: Invalid control character at."),
    ],
)
def test_a_fault_is_named_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_labels(text.encode())
    assert str(caught.value) == f"example_to_labels.json, {sentence}"


def test_a_hundred_thousand_brackets_are_refused_without_recursion() -> None:
    with pytest.raises(BadInput, match="line 1: expected a label of “a” in double quotes, found a list"):
        parse_labels(b'{"a": ' + b"[" * 100_000)


def test_another_encoding_is_named() -> None:
    with pytest.raises(BadInput, match="not UTF-8 text: line 1 holds the byte 0xff"):
        parse_labels('{"a": ["x"]}'.encode("utf-16"))


def test_a_long_name_is_cut_in_the_sentence() -> None:
    with pytest.raises(BadInput) as caught:
        parse_labels(json.dumps({"n" * 5000: 1}).encode())
    assert len(str(caught.value)) < 200


class TestTrainable:
    def test_ten_examples_with_two_labels_are_enough(self) -> None:
        check_trainable(sets_of(10), 100)

    def test_nine_examples_are_too_few(self) -> None:
        with pytest.raises(BadInput, match="There are 9 usable examples; at least 10 are needed"):
            check_trainable(sets_of(9), 100)

    def test_one_label_leaves_nothing_to_tell_apart(self) -> None:
        with pytest.raises(BadInput, match="Only the label “a” is in use"):
            check_trainable(sets_of(20, "a"), 100)

    def test_the_same_two_labels_everywhere_leave_nothing_to_tell_apart(self) -> None:
        with pytest.raises(BadInput, match="All 20 examples carry the same labels, “a”, “b”"):
            check_trainable([["b", "a"]] * 20, 100)

    def test_a_hundred_labels_are_allowed_and_one_more_is_over_the_limit(self) -> None:
        check_trainable(sets_of(200, map(str, range(100))), 100)
        with pytest.raises(OverLimit, match="There are 101 different labels; at most 100 are allowed"):
            check_trainable(sets_of(202, map(str, range(101))), 100)

    def test_labels_that_no_two_examples_share_teach_nothing(self) -> None:
        with pytest.raises(BadInput, match="No two of the 300 examples share a label"):
            check_trainable([[str(index)] for index in range(300)], 100)
        check_trainable([["a"], ["a"], *([str(index)] for index in range(20))], 100)

    def test_too_few_are_told_with_what_is_missing(self) -> None:
        with pytest.raises(BadInput) as caught:
            check_trainable([["a"]], 100, ["Some were lost.", "Others too."])
        assert str(caught.value) == (
            "There is 1 usable example; at least 10 are needed, 100 are advised. Some were lost. Others too."
        )


class TestWarnings:
    def test_labels_that_differ_by_case_or_white_space_only_are_listed(self) -> None:
        sets = [["New York"], ["new  york"], ["Rome"]] * 40
        assert label_warnings(sets) == [
            "The labels “New York”, “new  york” differ by case or white space only and are learnt as different labels."
        ]

    def test_fewer_than_a_hundred_examples_are_warned_of(self) -> None:
        assert label_warnings(sets_of(99)) == ["There are only 99 examples; 100 or more are advised."]
        assert label_warnings(sets_of(100)) == []
