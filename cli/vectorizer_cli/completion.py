"""What the shell offers for a name: what the account has. An answer that does not come offers nothing."""

from collections.abc import Iterator

import typer

__all__ = ["complete_fine_tune", "complete_name", "complete_vectorizer"]


def complete_fine_tune(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of fine-tunes."""
    return _starting_with(incomplete, _fine_tunes(ctx))


def complete_vectorizer(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of vectorizers, as people call them."""
    return _starting_with(incomplete, _vectorizers(ctx))


def complete_name(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of either."""
    return sorted({*complete_fine_tune(ctx, incomplete), *complete_vectorizer(ctx, incomplete)})


def _starting_with(incomplete: str, names: Iterator[str]) -> list[str]:
    from vectorizer_trainer.errors import RunError

    try:
        return sorted(name for name in names if name.startswith(incomplete))
    except RunError:
        return []


def _fine_tunes(ctx: typer.Context) -> Iterator[str]:
    from vectorizer_cli.tenant import Tenant

    yield from (one.metadata.name for one in Tenant(*_place(ctx)).fine_tunes())


def _vectorizers(ctx: typer.Context) -> Iterator[str]:
    from vectorizer_cli.tenant import Tenant

    yield from (one.spec.custom_vectorizer_name for one in Tenant(*_place(ctx)).vectorizers())


def _place(ctx: typer.Context) -> tuple[str, str]:
    return ctx.params.get("namespace") or "", ctx.params.get("context") or ""
