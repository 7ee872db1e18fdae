"""The inline policy: what it names, and that the largest one fits into STS's limit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectorizer_api.fine_tune import MAX_FOLDER_LENGTH
from vectorizer_api.names import ACCOUNT_LENGTH, folder_prefix, models_bucket
from vectorizer_operator.credentials import POLICY_BYTES, Grant, Minted, policy

UID = "5d2a7c1e-1111-4222-8333-444455556666"


def grant(folder: str = "docs") -> Grant:
    return Grant(
        bucket="alice-models",
        own=f"runs/{UID}/",
        folders=[f"alice-batch/{folder_prefix(folder)}"],
        places=["vectorizer-bases/base/"],
    )


def allowed(of: Grant) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for statement in json.loads(policy(of))["Statement"]:
        assert statement["Effect"] == "Allow"
        for place in statement["Resource"]:
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            for action in actions:
                found.setdefault(place.removeprefix("arn:aws:s3:::"), set()).add(action.removeprefix("s3:"))
    return found


def test_it_names_the_runs_own_places_and_nothing_else() -> None:
    assert allowed(grant()) == {
        "alice-models": {"ListBucket"},
        f"alice-models/runs/{UID}/*": {"GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"},
        "vectorizer-bases/base/*": {"GetObject"},
        "alice-batch": {"ListBucket"},
        "alice-batch/docs/*": {"GetObject"},
    }


def test_lists_are_narrowed_to_a_prefix() -> None:
    listing = [item for item in json.loads(policy(grant()))["Statement"] if item["Action"] == "s3:ListBucket"]
    assert [item["Condition"]["StringLike"]["s3:prefix"] for item in listing] == [f"runs/{UID}/*", "docs/*"]


def test_an_empty_folder_is_the_whole_batch_bucket() -> None:
    assert "alice-batch/*" in allowed(grant(""))


def test_a_run_without_the_batch_folder_gets_none_of_it() -> None:
    of = Grant(bucket="alice-models", own=f"runs/{UID}/")
    assert not any(place.startswith("alice-batch") for place in allowed(of))


def test_a_single_file_may_be_read_without_its_folder() -> None:
    of = Grant(bucket="alice-models", own=f"runs/{UID}/staged/", files=["alice-batch/docs/file_urls.json"])
    assert allowed(of) == {
        "alice-models": {"ListBucket"},
        f"alice-models/runs/{UID}/staged/*": allowed(grant())[f"alice-models/runs/{UID}/*"],
        "alice-batch/docs/file_urls.json": {"GetObject"},
    }


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="*?$\\/"), max_size=128))
def test_any_folder_ends_up_in_the_policy_as_it_is(folder: str) -> None:
    assert f"alice-batch/{folder}/*" in allowed(grant(folder)) or not folder


def largest(folder: str, *more: str) -> Grant:
    """Every name as long as it may be, with a base and a starting vectorizer."""
    account, prefix = "a" * ACCOUNT_LENGTH, "p" * 16
    models = models_bucket(account, prefix)
    return Grant(
        bucket=models,
        own=f"runs/{UID}/",
        folders=[f"{prefix}{account}-batch/{folder_prefix(folder)}"],
        places=[
            f"{'b' * 63}/{'n' * 100}/",
            *(f"{models}/vectorizers/{letter * 49}/{UID}/model/" for letter in ("v", *more)),
        ],
    )


@pytest.mark.parametrize("letter", ["a", "é", "語"])
def test_the_largest_policy_is_within_the_limit_in_any_common_script(letter: str) -> None:
    assert len(policy(largest(letter * MAX_FOLDER_LENGTH)).encode()) <= POLICY_BYTES


def test_there_is_room_for_a_sampling_vectorizer() -> None:
    assert len(policy(largest("é" * MAX_FOLDER_LENGTH, "w")).encode()) <= POLICY_BYTES


def test_a_folder_of_128_rare_characters_is_beyond_it() -> None:
    """Four bytes each: acceptance refuses it by name."""
    assert len(policy(largest("𠀀" * MAX_FOLDER_LENGTH)).encode()) > POLICY_BYTES


def test_minted_credentials_do_not_show_in_a_log() -> None:
    assert "secret" not in repr(Minted("key", "secret", "token"))
    assert "token" not in repr(Minted("key", "secret", "token")).replace("session_token", "")
