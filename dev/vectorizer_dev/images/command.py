"""`make images`: build, try, and tell the sizes."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from vectorizer_dev.images.base_image import ensure_base_image
from vectorizer_dev.images.building import REPOSITORY, Image, Recipe, build, keep_bill
from vectorizer_dev.images.engine import Engine
from vectorizer_dev.images.smoke import try_image

BILLS = REPOSITORY / "build" / "images"


def make_images(recipes: Sequence[Recipe], base: str, console: Console) -> list[Image]:
    """Build the images on `base`, or on one of Debian where it is empty, and run each; raises ImageError."""
    engine = Engine.find()
    base = base or ensure_base_image(engine, console.print)
    if not engine.has(base):
        engine("pull", base)
    table = Table("image", "MB", "MB on its base", "parts", "works as 65532, read-only")
    images = []
    for recipe in recipes:
        image = build(engine, recipe, base, console.print)
        parts = keep_bill(engine, image, BILLS)
        try_image(engine, recipe, image)
        table.add_row(
            image.reference, f"{image.whole_bytes / 1e6:.0f}", f"{image.added_bytes / 1e6:.0f}", str(parts), "yes"
        )
        images.append(image)
    console.print(table)
    console.print(f"Bills of materials (CycloneDX): {BILLS}", soft_wrap=True)
    return images
