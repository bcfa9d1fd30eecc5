"""Mirrors of addresses: fetched once, shared, bounded, never half of one and never two versions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.object_store import KEY, SECRET, Fault, Store, environment
from tl_catdog.data import mirrors as mirrors_of
from tl_catdog.data.mirror import Plan, mirrored, on_disk
from tl_catdog.data.mirrors import LIMIT, MIRRORS, Mirror, make_room, mirrors, remove
from tl_catdog.data.tree import Folder
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.files import cache_folder
from tl_catdog.storage.failures import ChangedError
from tl_catdog.storage.places import Place

PICTURE = b"\xff\xd8\xff picture "


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield cache_folder() / MIRRORS
    release()


def release() -> None:
    """Let go of what this process uses, as its end does."""
    for descriptor in mirrors_of._held.values():
        os.close(descriptor)
    mirrors_of._held.clear()


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    place = Place.of(f"memory://{request.node.name.replace('[', '-').rstrip(']')}/set")
    for name in ("train/cat/1.jpg", "train/dog/2.jpg", "metadata.csv", "notes.pdf", "dog/hash"):
        (place / name).write(PICTURE + name.encode())
    (place / ".hidden/3.jpg").write(b"x")
    return place


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def test_a_mirror_has_the_pictures_and_tables_by_their_names(place: Place) -> None:
    plans: list[Plan] = []
    done: list[tuple[int, int]] = []
    root = mirrored(place, plans.append, lambda *counts: done.append(counts))
    assert root.name == "set"
    found = {p.relative_to(root).as_posix(): p for p in root.rglob("*") if p.is_file()}
    assert sorted(found) == ["dog/hash", "metadata.csv", "train/cat/1.jpg", "train/dog/2.jpg"]
    assert all(path.read_bytes() == PICTURE + name.encode() for name, path in found.items())
    assert plans[0].bytes == plans[0].missing == sum(p.stat().st_size for p in found.values())
    assert plans[0].left_out == {".pdf": 1}
    assert done[-1] == (4, 4)


def test_what_is_here_is_not_fetched_again(place: Place) -> None:
    root = mirrored(place)
    plans: list[Plan] = []
    assert mirrored(place, plans.append) == root
    assert plans == []
    (root / "train/cat/1.jpg").unlink()
    assert mirrored(place, plans.append) == root
    assert plans[0].missing == len(PICTURE) + len("train/cat/1.jpg")
    assert names(root) == ["metadata.csv", "train/cat/1.jpg", "train/dog/2.jpg"]


@pytest.mark.parametrize("name", ["../1.jpg", "./1.jpg", "a/../1.jpg", "x" * 300 + "/1.jpg"])
def test_no_address_leads_out_of_its_mirror(place: Place, cache: Path, name: str) -> None:
    (place / "one").write(b"x")
    odd = Place(f"{place}/{name}")
    odd.write(PICTURE)
    path = mirrored(odd)
    assert path.read_bytes() == PICTURE
    assert len(path.resolve().relative_to(cache.resolve()).parts) == 3  # mirror, folder, file


def test_a_name_that_no_disk_takes_is_left_out_and_the_others_are_there(place: Place) -> None:
    (place / "cat" / ("é" * 128 + ".jpg")).write(PICTURE)
    plans: list[Plan] = []
    root = mirrored(place, plans.append)
    assert plans[0].left_out == {".pdf": 1, "name that no file could have": 1}
    assert len(names(root)) == 3


def test_no_credentials_are_kept(cache: Path, object_store: Store) -> None:
    (Place.of("s3://pictures/kept") / "cat/1.jpg").write(PICTURE)
    root = mirrored(Place.of("s3://pictures/kept"))
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert root / "cat/1.jpg" in files
    for path in files:
        data = path.read_bytes()
        assert KEY.encode() not in data, path
        assert SECRET.encode() not in data, path


def test_a_folder_that_is_taught_is_one_in_its_mirror_too(place: Place) -> None:
    (place / "unlabelled/3.jpg").write(PICTURE + b"3")
    (place / ".teach/journal.jsonl").write(b"{}")
    (place / ".teach/removed/1/4.jpg").write(PICTURE + b"4")
    root = mirrored(place)
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.j*")}
    assert found == {
        ".teach/journal.jsonl",
        "train/cat/1.jpg",
        "train/dog/2.jpg",
        "unlabelled/3.jpg",
    }
    assert [folder.name for folder in Folder(root).folders] == ["dog", "train"]


def test_one_picture_and_a_folder_of_this_machine(place: Place, tmp_path: Path) -> None:
    path = mirrored(place / "train/cat/1.jpg")
    assert (path.name, path.read_bytes()) == ("1.jpg", PICTURE + b"train/cat/1.jpg")
    assert mirrored(Place.of(tmp_path)) == tmp_path
    assert on_disk(tmp_path) == tmp_path


def test_another_version_is_another_mirror_that_shares_what_is_the_same(place: Place) -> None:
    first = mirrored(place)
    (place / "train/dog/2.jpg").write(PICTURE + b"another")
    plans: list[Plan] = []
    second = mirrored(place, plans.append)
    assert second != first
    assert (first / "train/dog/2.jpg").read_bytes() == PICTURE + b"train/dog/2.jpg"
    assert (second / "train/dog/2.jpg").read_bytes() == PICTURE + b"another"
    assert plans[0].missing == len(PICTURE + b"another")
    assert (first / "train/cat/1.jpg").samefile(second / "train/cat/1.jpg")


def test_the_bound_removes_what_was_longest_unused_and_nobody_uses(
    place: Place, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    roots = []
    for number in range(3):
        other = place.above / f"other{number}"
        (other / "1.jpg").write(bytes(30_000))
        roots.append(mirrored(other))
        os.utime(Mirror(roots[-1].parent).lock, (number, number))
    monkeypatch.setenv(LIMIT, "1e-4")  # 100 kB: three fit
    (place.above / "last/1.jpg").write(bytes(30_000))
    mirrored(place.above / "last")
    assert all(root.is_dir() for root in roots), "all are in use"
    release()
    os.utime(Mirror(roots[0].parent).lock, (9, 9))
    make_room(cache, 30_000, Mirror(cache / "new"))
    assert [root.is_dir() for root in roots] == [True, False, False]
    assert sum(mirror.bytes for mirror in mirrors(cache)) <= 70_000


def test_too_much_for_the_bound_is_refused_before_anything_is_fetched(
    place: Place, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setenv(LIMIT, "1e-8")
    with pytest.raises(UsageError, match="at most 10 bytes") as caught:
        mirrored(place)
    assert "batch features" in caught.value.hint
    assert not any(path.is_file() and path.suffix == ".jpg" for path in cache.rglob("*"))
    monkeypatch.setenv(LIMIT, "many")
    with pytest.raises(UsageError, match=LIMIT):
        mirrored(place)


def test_a_mirror_in_use_is_not_removed(place: Place) -> None:
    mirror = Mirror(mirrored(place).parent)
    assert not remove(mirror)
    release()
    assert remove(mirror)
    assert not mirror.path.exists()


def test_what_changes_while_it_is_fetched_is_told_and_the_next_time_is_whole(
    place: Place,
) -> None:
    def vanish(plan: Plan) -> None:
        (place / "train/cat/1.jpg").remove()

    with pytest.raises(ChangedError):
        mirrored(place, vanish)
    assert names(mirrored(place)) == ["metadata.csv", "train/dog/2.jpg"]


def test_no_pictures_are_told(place: Place) -> None:
    Place.of("memory://empty/set/notes.pdf").write(b"x")
    with pytest.raises(UsageError, match=r"found none \(Left out: 1 × \.pdf\)"):
        mirrored(Place.of("memory://empty/set"))


def test_names_that_lead_out_write_nothing_elsewhere(object_store: Store, tmp_path: Path) -> None:
    import s3fs

    system = s3fs.S3FileSystem(endpoint_url=object_store.address)
    for key in (
        "odd/../../../up.jpg",
        "odd//etc/a.jpg",
        "odd/a.jpg",
        "odd/b.jpg",
        "odd/b.jpg/c.jpg",
    ):
        system.call_s3("put_object", Bucket="pictures", Key=key, Body=b"1")
    with pytest.raises(CatdogError, match="both"):
        mirrored(Place.of("s3://pictures/odd"))
    Place.of("s3://pictures/odd/b.jpg").remove()
    root = mirrored(Place.of("s3://pictures/odd"))
    assert names(root) == ["a.jpg", "b.jpg", "b.jpg/c.jpg"]
    assert not list(tmp_path.rglob("up.jpg"))


def test_a_listing_is_one_and_each_picture_one_request(object_store: Store) -> None:
    for number in range(5):
        Place.of(f"s3://pictures/set/cat/{number}.jpg").write(PICTURE + bytes([number]))
    object_store.requests.clear()
    object_store.faults += [Fault("throttle", ".jpg", times=2), Fault("shorten", "3.jpg")]
    mirrored(Place.of("s3://pictures/set"))
    assert object_store.count("GET /pictures/set") == 5 + 3
    object_store.requests.clear()
    mirrored(Place.of("s3://pictures/set"))
    assert object_store.count("GET /pictures/set") == 0


@pytest.mark.slow
def test_processes_that_fetch_at_once_and_one_that_is_killed(
    object_store: Store, tmp_path: Path
) -> None:
    for number in range(40):
        Place.of(f"s3://pictures/set/cat/{number}.jpg").write(PICTURE + bytes([number]) * 5000)
    code = (
        "import sys; from tl_catdog.data.mirror import on_disk;"
        "print(on_disk('s3://pictures/set'), flush=True)"
    )
    killing = (
        "import os; from tl_catdog.data.mirror import mirrored;"
        "from tl_catdog.storage.places import Place;"
        "mirrored(Place.of('s3://pictures/set'), None, lambda done, of: done > 9 and os._exit(9))"
    )
    env = {**os.environ, **environment(object_store)}
    assert subprocess.run([sys.executable, "-c", killing], env=env, timeout=60).returncode == 9
    object_store.requests.clear()
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    roots = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(roots) == 1
    root = Path(roots.pop())
    assert all(
        (root / f"cat/{number}.jpg").read_bytes() == PICTURE + bytes([number]) * 5000
        for number in range(40)
    )
    assert object_store.count("GET /pictures/set/cat") < 40, "what the killed one had is kept"
