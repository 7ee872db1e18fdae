"""Elements of SVG: everything that stands in one is escaped."""

from markupsafe import Markup, escape

__all__ = ["drawing", "element", "number"]

Attribute = str | float


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """An element; `class_` stands for class, and an underscore for a hyphen. Text is escaped, Markup taken as it is."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value if isinstance(value, str) else number(value))}"'
        for key, value in attributes.items()
    )
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{written}>{inner}</{name}>")  # noqa: S704 - escaped above


def drawing(width: float, height: float, description: str, *children: str) -> Markup:
    """An SVG that fills the width of its place, and what it says to those who do not see it."""
    return element(
        "svg",
        element("title", description),
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_label=description,
    )


def number(value: float) -> str:
    """At most one decimal: a tenth of a pixel is enough."""
    return f"{round(value, 1) + 0:.1f}".rstrip("0").rstrip(".") or "0"
