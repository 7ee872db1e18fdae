"""Fine-tunes a vectorizer on a folder or bucket of labelled files.

`from vectorizer_trainer import load_vectorizer` opens the result, a folder or `s3://bucket/prefix/`:
`load_vectorizer(folder).encode(paths)` gives float32 unit vectors [n, dimension].
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vectorizer_trainer.opening import load_vectorizer
    from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["Vectorizer", "load_vectorizer"]


def __getattr__(name: str) -> object:
    # The numerical libraries are loaded when they are asked for, not by the import of the package.
    if name in __all__:
        from vectorizer_trainer import opening

        return getattr(opening, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
