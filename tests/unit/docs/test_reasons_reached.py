"""Every reason of docs/conditions.md is reached on a real API server: here is by which test."""

import ast
from pathlib import Path

import pytest
from vectorizer_api.conditions import Reason

TESTS = Path(__file__).parents[2] / "integration" / "operator"
_ACCEPT, _ATTEMPTS, _FAILURE = "test_operator_accept.py", "test_operator_attempts.py", "test_operator_failure.py"
_PUBLISH, _QUEUE, _TOLD = "test_operator_publish.py", "test_operator_queue.py", "test_operator_told.py"
_ADMITTED = "test_a_queued_run_has_its_queues_label_and_no_credentials_until_it_is_admitted"

REACHED_BY = {
    Reason.ACCEPTED: (_TOLD, "test_tells_each_transition_by_one_event"),
    Reason.WAITING_FOR_VECTORIZER: (_ACCEPT, "test_a_vectorizer_of_another_account_is_not_seen"),
    Reason.NAME_RESERVED: (_ACCEPT, "test_a_name_that_a_run_holds_is_waited_for_and_then_taken"),
    Reason.PROFILE_MISSING: (_ACCEPT, "test_a_missing_profile_is_waited_for"),
    Reason.STORAGE_UNREACHABLE: (_ACCEPT, "test_a_missing_bucket_is_waited_for"),
    Reason.NOT_AN_ACCOUNT: (_ACCEPT, "test_a_namespace_without_the_label_is_told_that_it_is_no_account"),
    Reason.ACCOUNT_TAKEN: (_ACCEPT, "test_the_younger_of_two_namespaces_with_one_label_is_refused"),
    Reason.NAME_TAKEN: (_ACCEPT, "test_a_name_that_a_vectorizer_has_is_taken"),
    Reason.CONTENT_TYPE_MISMATCH: (_ACCEPT, "test_a_vectorizer_of_other_content_is_refused"),
    Reason.LIMIT_EXCEEDED: (_ACCEPT, "test_more_time_than_the_profile_allows_is_over_the_limit"),
    Reason.NOT_SUPPORTED: (_ACCEPT, "test_a_content_type_without_a_base_is_refused_by_name"),
    Reason.NAME_CONFLICT: (_ACCEPT, "test_a_child_of_a_foreign_owner_is_a_conflict_and_is_left_alone"),
    Reason.INVALID_SPEC: (_TOLD, "test_an_object_that_was_stored_under_other_rules_is_refused_by_its_field"),
    Reason.DATASET_READ: (_TOLD, "test_says_of_the_data_what_is_known"),
    Reason.DATASET_WARNINGS: (_TOLD, "test_doubtful_data_are_told_while_it_trains"),
    Reason.DATASET_PENDING: (_TOLD, "test_says_of_the_data_what_is_known"),
    Reason.DATASET_REFUSED: (_FAILURE, "test_bad_input_is_told_as_a_refused_data_set"),
    Reason.JOB_CREATED: (_TOLD, "test_says_in_ready_what_it_is_at"),
    Reason.JOB_RUNNING: (_TOLD, "test_says_in_ready_what_it_is_at"),
    Reason.NOT_STARTED: (_TOLD, "test_says_of_the_process_whether_it_runs"),
    Reason.FINISHED: (_TOLD, "test_says_of_the_process_whether_it_runs"),
    Reason.PUBLISHING: (_TOLD, "test_says_of_the_process_whether_it_runs"),
    Reason.WAITING: (_ACCEPT, "test_an_account_that_does_not_bind_the_operator_is_told"),
    Reason.QUOTA_EXCEEDED: (_ACCEPT, "test_a_quota_on_jobs_is_waited_for_and_named"),
    Reason.BACK_OFF: (_TOLD, "test_says_in_ready_what_it_is_at"),
    Reason.SUSPENDED: (_TOLD, "test_says_in_ready_what_it_is_at"),
    Reason.QUEUED: (_QUEUE, _ADMITTED),
    Reason.ADMITTED: (_QUEUE, _ADMITTED),
    Reason.NO_PROGRESS: (_ATTEMPTS, "test_a_run_that_tells_of_no_progress_is_said_to_be_stale_until_it_does"),
    Reason.PROGRESSING: (_ATTEMPTS, "test_a_run_that_tells_of_no_progress_is_said_to_be_stale_until_it_does"),
    Reason.IMPROVED: (_TOLD, "test_says_in_ready_what_it_is_at"),
    Reason.NO_IMPROVEMENT: (_TOLD, "test_no_improvement_is_current_and_says_so"),
    Reason.BAD_INPUT: (_FAILURE, "test_the_trainers_last_word_is_the_status_failure"),
    Reason.OVER_LIMIT: (_FAILURE, "test_the_trainers_last_word_is_the_status_failure"),
    Reason.STORAGE_FAILED: (_TOLD, "test_a_run_whose_last_attempt_fails_says_so_and_what_to_do"),
    Reason.TRAINER_ERROR: (_TOLD, "test_a_run_whose_last_attempt_fails_says_so_and_what_to_do"),
    Reason.DEADLINE_EXCEEDED: (_FAILURE, "test_a_process_that_runs_past_its_deadline_took_too_long"),
    Reason.NEVER_STARTED: (_ATTEMPTS, "test_a_wait_for_a_node_that_is_too_long_ends_the_run"),
    Reason.OUT_OF_MEMORY: (_FAILURE, "test_too_little_memory_is_said"),
    Reason.PREEMPTED: (_TOLD, "test_a_run_that_the_cluster_ends_too_often_is_preempted"),
    Reason.JOB_FAILED: (_TOLD, "test_a_run_whose_last_attempt_fails_says_so_and_what_to_do"),
    Reason.JOB_DELETED: (_FAILURE, "test_a_deleted_job_ends_the_run_and_is_not_started_again"),
    Reason.RESULT_REFUSED: (_PUBLISH, "test_a_vectorizer_that_a_person_made_is_never_ready"),
    Reason.ARTIFACT_DELETED: (_PUBLISH, "test_deletion_policy_delete_removes_the_files_and_the_record_says_so"),
    Reason.PUBLISHED: (_TOLD, "test_no_improvement_is_current_and_says_so"),
    Reason.DIGESTS_MATCH: (_TOLD, "test_no_improvement_is_current_and_says_so"),
}


def test_every_reason_is_reached() -> None:
    assert set(REACHED_BY) == set(Reason)


@pytest.mark.parametrize("reason", REACHED_BY)
def test_the_test_that_reaches_it_names_it(reason: Reason) -> None:
    file, name = REACHED_BY[reason]
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    (test,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    tables = [node for node in tree.body if isinstance(node, ast.Assign) and _reads(test, node)]
    said = [leaf.value for node in (test, *tables) for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)]
    assert reason.value in said


def _reads(test: ast.FunctionDef, table: ast.Assign) -> bool:
    """Whether the test is about the cases of a table of its module."""
    names = {target.id for target in table.targets if isinstance(target, ast.Name)}
    return any(isinstance(leaf, ast.Name) and leaf.id in names for leaf in ast.walk(test))
