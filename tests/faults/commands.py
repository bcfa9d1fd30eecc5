"""The table of commands that faults are planted in. A new command gets an entry here.

Every command works in one folder: pictures in ``set``, runs in ``models``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import bodies, plants
from tests.faults.world import Body, Step
from tl_catdog.runs.unfinished import CHECKPOINT

AFTER, BEFORE = "after", "before"


@dataclass(frozen=True)
class Way:
    """A way on after a kill.

    Attributes:
        steps: What is typed, one after the other; the last must end well, or all be well before.
        reaches: How the folder must be then: as ``AFTER`` the command, or as ``BEFORE`` it.
        ignored: Pattern of paths that may be there or not, such as logs.
        advice: If the first is refused, what its error must advise; then ``otherwise`` is typed.
        surely: Pattern of paths: once one has got its name, the first mustn't be refused.
    """

    steps: tuple[tuple[object, ...], ...]
    reaches: str = AFTER
    ignored: str = ""
    advice: str = ""
    otherwise: tuple[tuple[object, ...], ...] = ()
    surely: str = ""


@dataclass(frozen=True)
class Command:
    """A command that changes a disk.

    Attributes:
        name: For people.
        words: What is typed.
        world: Steps that make the folder.
        ways: Ways on after a kill; by default the same is typed again.
        body: Run instead of the program.
        kills: At most so many kills at changes of the disk, and so many at random moments.
        errors: At most so many changes are failed, with each error.
        short: Whether it is in the short part.
        cache: Whether it uses the feature cache.
        pictures: Folders that together hold each picture exactly once, whatever happens.
        adds: Whether it adds pictures of its own to them.
    """

    name: str
    words: tuple[object, ...]
    world: tuple[Step, ...]
    ways: tuple[Way, ...] = ()
    body: Body | None = None
    kills: tuple[int, int] = (80, 20)
    errors: int = 40
    short: bool = False
    cache: bool = False
    pictures: tuple[str, ...] = field(default=("set",))
    adds: bool = False

    @property
    def ways_on(self) -> tuple[Way, ...]:
        """Ways on after a kill."""
        return self.ways or (Way((self.words,)),)


def words(text: str) -> tuple[object, ...]:
    """Return what a shell would make of a line."""
    return tuple(text.split())


def train(text: str) -> tuple[object, ...]:
    """Return the words of a training that takes a second."""
    return words(f"train --data set --image-size 32 --batch-size 8 --run mine {text}")


PICTURES: tuple[Step, ...] = (
    words("data draw set --train 8 --validation 4 --test 0 --size 48"),
    plants.as_own,
)
MORE: tuple[Step, ...] = (  # so many that a head has hidden units to train
    words("data draw set --train 40 --validation 4 --test 0 --size 48"),
    plants.as_own,
)
BASELINE = train("--arch baseline --epochs 3")
MOBILENET = train("--arch mobilenet --epochs 3")
FINETUNED = train("--arch mobilenet --finetune --epochs 2 --finetune-epochs 2")
OTHER_BASELINE = train("--arch baseline --epochs 1 --seed 5")
RUN = (*PICTURES, MOBILENET)
DAMAGED = (*PICTURES, plants.damage)
EDITED = (*RUN, words("review mine"), plants.edit_review)
BOTH = words("export mine --format keras --format litert")
APPLY = words("review mine --apply models/mine/review/review.csv")
FIX, UNFIX = words("data fix set"), words("data fix set --undo")
LOGS = r"^set\.quarantine(/(applied|undone)-\d+\.jsonl)?$"
TEACH = words("teach set/train")
TAUGHT = r"^set/train/\.teach(/|$)"
REVIEW_LOGS = r"^models/mine/review/(applied|undone)-\d+\.jsonl$|^set\.removed$"


def resumed(typed: tuple[object, ...]) -> tuple[Way, ...]:
    """Return the ways on after a killed training."""
    return (
        Way((typed,)),
        Way(
            (words("train --resume mine"),),
            advice="tl-catdog train",
            otherwise=(typed,),
            surely=rf".*\.unfinished-\w+/{re.escape(CHECKPOINT)}$",
        ),
    )


def _command(
    name: str, text: str, world: tuple[Step, ...], ways: tuple[Way, ...] = (), **more: object
) -> Command:
    return Command(name, words(text), world, ways, **more)  # type: ignore[arg-type]


TRAININGS = (
    Command("train baseline", BASELINE, PICTURES, resumed(BASELINE), short=True, errors=60),
    Command(
        "train mobilenet",
        MOBILENET,
        MORE,
        resumed(MOBILENET),
        kills=(200, 40),
        errors=60,
        cache=True,
    ),
    Command("train mobilenet, few pictures", MOBILENET, PICTURES, resumed(MOBILENET)),
    Command("train with fine-tuning", FINETUNED, MORE, resumed(FINETUNED), kills=(120, 40)),
    Command(
        "train --force",
        (*BASELINE, "--force"),
        (*PICTURES, OTHER_BASELINE),
        resumed((*BASELINE, "--force")),
    ),
)
SETS = (
    _command("data draw", "data draw drawn --train 6 --validation 2 --test 2 --size 32", (),
             pictures=(), short=True),
    _command("data get --from", "data get filtered --from few.zip", (plants.archive,),
             body=bodies.few, pictures=()),
    _command("data get", "data get filtered", (), body=bodies.few, pictures=()),
    Command("data fix", FIX, DAMAGED,
            (Way((FIX,), ignored=LOGS, advice="--undo", otherwise=(UNFIX, FIX)),
             Way((UNFIX,), BEFORE, LOGS)), short=True,
            pictures=("set", "set.quarantine")),
    Command("data fix --undo", UNFIX, (*DAMAGED, FIX), (Way((UNFIX,), ignored=LOGS),),
            pictures=("set", "set.quarantine")),
    _command("data split", "data split set --again", PICTURES, short=True),
    _command("data split --force", "data split set --again --seed 4 --force",
             (*PICTURES, words("data split set --again"))),
    _command("data split --folders", "data split set --again --folders apart", PICTURES),
    _command("data check", "data check set --html check.html --fail-on none", DAMAGED),
    _command("batch check", "batch check set --out checked --fail-on none --workers 1", DAMAGED),
    _command("data show", "data show set --out sheet.png", PICTURES),
)  # fmt: skip
RUNS = (
    _command("evaluate --again", "evaluate mine --again --split validation", RUN, short=True),
    _command("evaluate --robustness", "evaluate mine --robustness", RUN, kills=(20, 5), errors=10),
    _command("evaluate --confusion", "evaluate mine --confusion table.csv", RUN),
    _command("report", "report", RUN),
    _command("explain", "explain set/train/cats/0001.jpg --run mine --out why.png", RUN,
             kills=(10, 5), errors=10),
    _command("review", "review mine", RUN, cache=True),
    Command("review --apply", APPLY, EDITED,
            (Way((APPLY,), ignored=REVIEW_LOGS, advice="--undo",
                 otherwise=(words("review mine --undo"), APPLY)),
             Way((words("review mine --undo"),), BEFORE, REVIEW_LOGS)), short=True,
            pictures=("set", "set.removed")),
    Command("review --undo", words("review mine --undo"), (*EDITED, APPLY),
            (Way((words("review mine --undo"),), ignored=REVIEW_LOGS),),
            pictures=("set", "set.removed")),
    _command("export onnx", "export mine --format onnx", RUN),
    _command("export keras and litert", "export mine --format keras --format litert", RUN,
             (Way((BOTH,), advice="--force", otherwise=((*BOTH, "--force"),)),),
             kills=(20, 5), errors=12),
    _command("export savedmodel", "export mine --format savedmodel", RUN, kills=(12, 4), errors=8),
    _command("export --force", "export mine --format onnx --force",
             (*RUN, words("export mine --format onnx --data set"))),
    _command("batch predict", "batch predict set --out answers --run mine --workers 1", RUN,
             kills=(20, 5), errors=12),
    _command("batch features", "batch features set --out features --image-size 32 --workers 1",
             PICTURES, kills=(20, 5), errors=12),
    _command("learning-curve", "learning-curve --data set --repeats 1 --image-size 32", PICTURES,
             kills=(20, 5), errors=20, cache=True),
    _command("cache --clear", "cache --clear", RUN),
    _command("tune", "tune --data set --image-size 32 --trials 3", PICTURES, cache=True,
             kills=(40, 10), errors=20),
    Command("teach", TEACH, PICTURES, (Way((TEACH,), ignored=TAUGHT),), body=bodies.taught,
            kills=(200, 50), adds=True),
)  # fmt: skip
COMMANDS = (*TRAININGS, *SETS, *RUNS)

Listener = Callable[[str], None]
"""Told what is being done."""


def by_name(part: str) -> tuple[Command, ...]:
    """Return the commands whose names hold some words."""
    return tuple(command for command in COMMANDS if part in command.name)


def short() -> tuple[Command, ...]:
    """Return those of the short part."""
    return tuple(command for command in COMMANDS if command.short)


def root_of(place: Path) -> Path:
    """Return a folder for one worker's worlds."""
    place.mkdir(parents=True, exist_ok=True)
    return place
