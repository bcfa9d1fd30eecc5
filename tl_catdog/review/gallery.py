"""The gallery: one page with the pictures of a review, which needs nothing but itself."""

from __future__ import annotations

from tl_catdog.data.parallel import map_threaded
from tl_catdog.pages.page import render, thumbnail
from tl_catdog.review.label_issues import LabelIssue, Review, ReviewedAnswer


def gallery_page(review: Review, command: str, top: int) -> str:
    """Return the page as HTML, its pictures within.

    Args:
        review: What is worth looking at.
        command: What to type once the list is edited.
        top: How many doubtful labels to show at most; the list has all.
    """
    label_issues = review.label_issues[:top]
    shown: list[LabelIssue | ReviewedAnswer] = [*label_issues, *review.mistakes, *review.unsure]
    names = {item.name: item.sha256 for item in shown}
    images = map_threaded(lambda item: thumbnail(review.root / item[0], item[1]), names.items())
    return render(
        "gallery.html.j2",
        review=review,
        label_issues=label_issues,
        images=dict(zip(names, images, strict=True)),
        command=command,
    )
