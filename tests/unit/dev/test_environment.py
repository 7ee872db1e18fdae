import pytest
from vectorizer_dev.process_node.environment import expand


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$(A)", "1"), ("x$(A)$(B)y", "x12y"), ("$(C)", "$(C)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("plain", "plain")],
)
def test_variables_expand_as_kubernetes_says(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expected
