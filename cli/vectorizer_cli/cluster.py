"""`vectorizer list`, `describe`, `progress`, `lineage`, `cancel`: an account's objects on a cluster, as by kubectl."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from vectorizer_cli.completion import complete_fine_tune, complete_name, complete_vectorizer
from vectorizer_cli.options import Context, Format, Namespace, Output
from vectorizer_cli.sentences import errors_as_sentences

app = typer.Typer()

FineTuneName = Annotated[
    str, typer.Argument(metavar="FINE-TUNE", help="Its metadata.name.", autocompletion=complete_fine_tune)
]
AnyName = Annotated[
    str, typer.Argument(metavar="NAME", help="A fine-tune, or else a vectorizer.", autocompletion=complete_name)
]


class What(StrEnum):
    """What can be listed."""

    FINE_TUNES = "fine-tunes"
    VECTORIZERS = "vectorizers"


@app.command("list")
def list_(
    what: Annotated[What | None, typer.Argument(help="Only these; by default both.")] = None,
    namespace: Namespace = "",
    context: Context = "",
    output: Output = Format.TEXT,
) -> None:
    """List an account's fine-tunes and vectorizers."""
    console = _stderr()
    with errors_as_sentences(console, "Nothing was listed."):
        from vectorizer_cli.documents import print_document
        from vectorizer_cli.listing import print_list
        from vectorizer_cli.tenant import FINE_TUNES, VECTORIZERS, Tenant

        tenant = Tenant(namespace, context)
        kinds = {What.FINE_TUNES: FINE_TUNES, What.VECTORIZERS: VECTORIZERS}
        found = {kind: tenant.all_of(plural) for kind, plural in kinds.items() if what in (None, kind)}
        if output is not Format.TEXT:
            items = [body for bodies in found.values() for body in bodies]
            print_document({"apiVersion": "v1", "kind": "List", "items": items}, output)
            return
        print_list(
            found.get(What.FINE_TUNES), found.get(What.VECTORIZERS), tenant.namespace, datetime.now(UTC), _stdout()
        )


@app.command()
def describe(name: AnyName, namespace: Namespace = "", context: Context = "", output: Output = Format.TEXT) -> None:
    """Tell all that is known of a fine-tune or vectorizer, and what to do next."""
    with errors_as_sentences(_stderr(), "Nothing was changed."):
        from vectorizer_api.fine_tune import FineTune

        from vectorizer_cli.describing import print_fine_tune, print_vectorizer
        from vectorizer_cli.documents import print_document
        from vectorizer_cli.lookup import anything_named
        from vectorizer_cli.tenant import FINE_TUNES, VECTORIZERS, Tenant

        tenant = Tenant(namespace, context)
        found = anything_named(tenant, name)
        if output is not Format.TEXT:
            plural = FINE_TUNES if isinstance(found, FineTune) else VECTORIZERS
            print_document(tenant.get(plural, found.metadata.name), output)
        elif isinstance(found, FineTune):
            print_fine_tune(found, _stdout())
        else:
            print_vectorizer(found, _stdout())


@app.command()
def progress(name: FineTuneName, namespace: Namespace = "", context: Context = "") -> None:
    """Draw how far a fine-tune is, until it ends.

    Exits 0 where it ended well, improved or not, and where it failed as the run did: 64 where its files cannot be used,
    65 where they exceed a limit, 70 or 75 where another attempt may help. Ctrl-C ends the drawing (130), not the run.
    """
    with errors_as_sentences(_stderr(), "The fine-tune goes on."):
        from vectorizer_cli.following import follow
        from vectorizer_cli.lookup import fine_tune_named
        from vectorizer_cli.tenant import Tenant

        tenant = Tenant(namespace, context)
        code = follow(tenant, fine_tune_named(tenant, name), _stdout())
        raise typer.Exit(code)


@app.command()
def lineage(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[VECTORIZER]",
            help="Only what leads to this one and what descends from it.",
            autocompletion=complete_vectorizer,
            show_default=False,
        ),
    ] = "",
    namespace: Namespace = "",
    context: Context = "",
    output: Output = Format.TEXT,
) -> None:
    """Draw which vectorizer was tuned from which, down from their bases."""
    with errors_as_sentences(_stderr(), "Nothing was changed."):
        from vectorizer_cli.documents import print_document
        from vectorizer_cli.lineage import descents, document_of, tree_of
        from vectorizer_cli.tenant import Tenant

        tenant = Tenant(namespace, context)
        found = descents(tenant.vectorizers(), name)
        if output is not Format.TEXT:
            print_document([document_of(one) for one in found], output)
            return
        for one in found:
            _stdout().print(tree_of(one))
        if not found:
            _stderr().print(f"No vectorizers in the namespace {tenant.namespace}.", highlight=False, markup=False)


@app.command()
def cancel(name: FineTuneName, namespace: Namespace = "", context: Context = "") -> None:
    """End a fine-tune that has not ended yet, and delete it; nothing of it is published.

    One that has ended is left alone (exit code 64): `kubectl delete` takes it away, and its vectorizer stays.
    """
    console = _stderr()
    with errors_as_sentences(console, "Whether it was cancelled is shown by `vectorizer list`."):
        from vectorizer_cli.cancelling import cancel_fine_tune
        from vectorizer_cli.lookup import fine_tune_named
        from vectorizer_cli.tenant import Tenant

        tenant = Tenant(namespace, context)
        cancel_fine_tune(tenant, fine_tune_named(tenant, name))
        console.print(f"{name} is cancelled: its Job and its credentials go with it.", highlight=False, markup=False)


def _stderr() -> Console:
    return Console(stderr=True)


def _stdout() -> Console:
    return Console(highlight=False)
