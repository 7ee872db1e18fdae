import pytest
from vectorizer_dev.process_node.quantity import parse_quantity


@pytest.mark.parametrize(
    ("text", "value"), [("2", 2), ("500m", 0.5), ("1.5Gi", 1.5 * 2**30), ("3M", 3e6), ("1e3", 1000), ("0", 0)]
)
def test_reads_what_kubernetes_writes(text: str, value: float) -> None:
    assert parse_quantity(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gb", "-"])
def test_refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match="not a Kubernetes quantity"):
        parse_quantity(text)
