"""Pages that wait are told at once, from whichever thread; at the end nobody waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tl_catdog.teach import news as module
from tl_catdog.teach.news import News


def test_news_reach_all_who_wait_from_another_thread() -> None:
    news = News()
    since = news.number

    async def wait() -> list[int]:
        waiting = [asyncio.create_task(news.after(since, 30)) for _ in range(3)]
        await asyncio.sleep(0.05)
        threading.Thread(target=news.tell).start()
        return list(await asyncio.gather(*waiting))

    assert asyncio.run(asyncio.wait_for(wait(), 10)) == [since + 1] * 3


def test_who_knows_another_number_doesn_t_wait() -> None:
    news = News()
    assert asyncio.run(news.after(0, 30)) == news.number


def test_nothing_new_is_said_after_a_while() -> None:
    news = News()
    assert asyncio.run(news.after(news.number, 0.05)) == news.number


def test_nobody_waits_once_the_server_ends() -> None:
    news = News()

    async def wait() -> int:
        waiting = asyncio.create_task(news.after(news.number, 30))
        await asyncio.sleep(0.05)
        news.end()
        return await waiting

    assert asyncio.run(asyncio.wait_for(wait(), 10)) == news.number


def test_the_disk_is_looked_at_while_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKS_EACH", 0.02)
    news: News

    def look() -> None:
        news.tell()

    news = News(look)
    since = news.number
    assert asyncio.run(asyncio.wait_for(news.after(since, 30), 10)) == since + 1


def test_a_look_that_fails_ends_no_waiting() -> None:
    def look() -> None:
        raise OSError("gone")

    news = News(look)
    assert asyncio.run(news.after(news.number, 0.1)) == news.number
