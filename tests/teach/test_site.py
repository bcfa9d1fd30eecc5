"""What the routes work on: small pictures don't hold up changes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.teach.sites import Asked, opened
from tl_catdog.teach.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with opened(tmp_path / "pets") as found:
        yield found.site


def test_changes_don_t_wait_for_pictures(site: Site) -> None:
    blocked = threading.Event()

    async def work() -> str:
        showing = [asyncio.create_task(site.showing(lambda: blocked.wait(30))) for _ in range(99)]
        await asyncio.sleep(0)
        done = await site.doing(lambda: "done")
        blocked.set()
        await asyncio.gather(*showing)
        return done

    assert asyncio.run(asyncio.wait_for(work(), 20)) == "done"


def test_an_upload_holds_up_no_other_and_ends_with_the_server(site: Site) -> None:
    from tl_catdog.serve.bodies import Refusal

    blocked = threading.Event()

    def unpack() -> None:
        while not blocked.wait(0.01):
            site.going_on(archives=True)

    async def work() -> list[object]:
        packed = [asyncio.create_task(site.adding(unpack, archives=True)) for _ in range(9)]
        await asyncio.sleep(0)
        assert await site.adding(lambda: "added", archives=False) == "added"
        site.incoming.joinpath("half").mkdir(parents=True)
        await asyncio.to_thread(site.close)
        return await asyncio.gather(*packed, return_exceptions=True)

    found = asyncio.run(asyncio.wait_for(work(), 20))
    assert {type(one) for one in found} == {Refusal}
    assert not site.incoming.exists()


def test_once_it_is_to_end_archives_aren_t_gone_on_with_and_pictures_are(site: Site) -> None:
    from tl_catdog.serve.bodies import Refusal

    site.going_on(archives=True)
    site.end()
    site.going_on(archives=False)
    with pytest.raises(Refusal, match="about to end"):
        site.going_on(archives=True)
    site.close()
    with pytest.raises(Refusal, match="about to end"):
        site.going_on(archives=False)


def test_a_picture_is_told_with_its_guesses_and_why_it_is_broken(site: Site) -> None:
    from dataclasses import replace

    import numpy as np

    from tests.teach.sites import StubLearner, learned, picture

    site.state.add([("1.png", picture(1))], None, None, "")
    (item,) = site.state.snapshot().items
    assert site.shown(item)["guesses"] == []
    chances = np.array([[0.25, 0.75]], np.float32)
    found = replace(
        learned("a", "b"),
        broken={item.id: "cut"},
        ids={item.id: 0},
        chances=chances,
        names=("a", "b"),
    )
    assert isinstance(site.learner, StubLearner)
    site.learner.found = found
    said = site.shown(item)
    assert said["guesses"] == [["b", 0.75], ["a", 0.25]]
    assert said["broken"] == "cut"


def test_uploads_wait_beside_the_journal(site: Site) -> None:
    assert site.incoming == site.state.root / ".teach" / "incoming"


def test_asked(site: Site) -> None:
    assert Asked(site)("GET", "/healthz").json() == {"status": "ok"}
