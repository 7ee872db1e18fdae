"""Texts come from the source of installed packages, which is read and never imported."""

from pathlib import Path

from vectorizer_trainer.bases.text.docstrings import docstrings


def test_docstrings_are_those_of_public_classes_functions_and_methods(tmp_path: Path) -> None:
    (tmp_path / "linalg.py").write_text(
        '"""Module."""\ndef solve():\n    """Solve it.\n\n    Well.\n    """\n'
        'class Matrix:\n    """A matrix."""\n    def rank():\n        """The rank."""\n'
        'def _hidden():\n    """Hidden."""\ndef silent(): pass\n'
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text('def check():\n    """A test."""\n')
    (tmp_path / "broken.py").write_text("def (:\n")
    found = [(one.module, one.name, one.kind, one.text) for one in docstrings(tmp_path, "pkg")]
    assert found == [
        ("pkg.linalg", "solve", "function", "Solve it.\n\nWell."),
        ("pkg.linalg", "Matrix", "class", "A matrix."),
        ("pkg.linalg", "rank", "method", "The rank."),
    ]
