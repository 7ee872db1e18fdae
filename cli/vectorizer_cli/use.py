"""`vectorizer search` and `vectorizer export`: what a vectorizer is for once it is there."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from vectorizer_api.content import ContentType

from vectorizer_cli.options import Format, Output
from vectorizer_cli.sentences import errors_as_sentences

app = typer.Typer()


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A file; or, for texts, the words themselves.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder to search, with all folders below it.")],
    vectorizer: Annotated[Path | None, typer.Option(help="The folder of a vectorizer.")] = None,
    base: Annotated[ContentType | None, typer.Option(help="Or the base vectorizer of a content type.")] = None,
    top: Annotated[int, typer.Option(min=1, max=10_000, help="How many files to name.")] = 10,
    output: Output = Format.TEXT,
) -> None:
    """Find the files of a folder that are nearest to a file or a text.

    Each file is embedded anew, in one pass whose memory does not grow with the folder. Hidden files and files of other
    kinds are passed over; one that cannot be read is named and left out.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, "The search was not finished."):
        from vectorizer_cli.documents import print_document
        from vectorizer_cli.searching import Search, search_folder, table_of_neighbours

        found = search_folder(Search(query, folder, vectorizer, base, top), console)
        if output is Format.TEXT:
            Console().print(table_of_neighbours(found))
        else:
            print_document([{"file": one.name, "similarity": round(one.similarity, 6)} for one in found], output)


@app.command()
def export(
    vectorizer: Annotated[Path, typer.Argument(help="The folder of a vectorizer.")],
    onnx: Annotated[Path, typer.Option(help="The ONNX file to write.")],
    samples: Annotated[
        Path | None, typer.Option(help="A folder of files to check with; by default the base's reference items.")
    ] = None,
) -> None:
    """Write a vectorizer's network as an ONNX file.

    It takes tensors and gives unit vectors, any number at a time. What makes tensors of files stays outside: tokenizer,
    decoder, spectrogram, choice of points; and so does the averaging of a long text's or sound's windows. The file is
    kept only where ONNX Runtime gives the same vectors as PyTorch, to 1e-4.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, f"{onnx} was not written."):
        from vectorizer_cli.exporting import Export, export_onnx

        export_onnx(Export(vectorizer, onnx, samples), console)
