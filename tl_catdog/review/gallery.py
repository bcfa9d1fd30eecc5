"""The gallery: one page with the pictures of a review, which needs nothing but itself."""

from __future__ import annotations

from tl_catdog.data.parallel import in_order
from tl_catdog.pages.page import render, thumbnail
from tl_catdog.review.label_issues import Answer, Doubt, Review


def gallery_page(review: Review, command: str, top: int) -> str:
    """Return the page as HTML, its pictures within.

    Args:
        review: What is worth looking at.
        command: What to type once the list is edited.
        top: How many doubtful labels to show at most; the list has all.
    """
    doubts = review.doubts[:top]
    shown: list[Doubt | Answer] = [*doubts, *review.mistakes, *review.unsure]
    names = dict.fromkeys(item.name for item in shown)
    pictures = in_order(lambda name: thumbnail(review.root / name), names)
    return render(
        "gallery.html.j2",
        review=review,
        doubts=doubts,
        pictures=dict(zip(names, pictures, strict=True)),
        command=command,
        percent=percent,
    )


def percent(value: float) -> str:
    """Return a probability as ``98.4 %``, but never as 0 or 100: nothing is that sure."""
    if value < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if value > 0.999 else f"{100 * value:.1f} %"
