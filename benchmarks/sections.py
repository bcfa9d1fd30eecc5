"""What each section measures. What the figures are made of stands in ``figures.py``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import CAMERA, Bench, enlarge_pictures, grow, link_pictures
from measure import BenchmarkError, Job, Task, read_nothing
from sets.tasks import all_sets

SMALL = 200
"""Pictures in the small folder that tells start-up from steady work."""

LARGE, FEW = 120, 20
"""Pictures in the folders of camera pictures: so large that some are enough."""

CALIBRATION = 10
"""The growth section also measures this part of its smallest size, for the same reason."""


@dataclass(frozen=True)
class Plan:
    """How often, and on how many pictures.

    Attributes:
        repeats: Of the sections a to d.
        startup_repeats: Of section e, whose commands are short.
        growth_repeats: Of section f, whose commands are long.
        sizes: Numbers of pictures in section f, smallest first.
        seeds: Of section g.
        kin: Sets of section g whose pictures aren't foreign to each other, by names.
        slow: Whether section g trains the tutorial's recipe as well.
        quick: Whether section g is only tried, on few and small pictures.
        jobs: Processes at a time in section g, where time isn't what is measured.
        camera: Pixels of section d's camera pictures.
    """

    repeats: int = 3
    startup_repeats: int = 10
    growth_repeats: int = 1
    sizes: tuple[int, ...] = (2000, 10000, 50000)
    seeds: int = 3
    kin: tuple[frozenset[str], ...] = ()
    slow: bool = False
    quick: bool = False
    jobs: int = 1
    camera: int = CAMERA


@dataclass(frozen=True)
class Section:
    """A letter, a title, what to measure how often.

    One that doesn't measure time goes on where a task fails, and may run several at a time.
    """

    letter: str
    title: str
    tasks: Callable[[Bench, Plan], Sequence[Task]]
    repeats: Callable[[Plan], int]
    timed: bool = True


def baseline(bench: Bench, plan: Plan) -> list[Task]:
    """Train the video's network: our recipe, and the notebook's."""

    def notebook(*words: str) -> Callable[[int], Job]:
        return lambda repeat: bench.peer(
            "peers/seed_notebook.py", bench.data, *words, "--seed", repeat, *bench.test_words()
        )

    return [
        Task("a", "ours", lambda repeat: bench.train("--arch", "baseline", seed=repeat)),
        Task("a", "notebook", notebook()),
        Task("a", "notebook --augment", notebook("--augment")),
    ]


LITE1 = ("--arch", "efficientnet-lite1", "--head", "linear", "--mirror", "no")
"""The quickest command of ours that gets 99.3 % of the validation pictures right."""


def mobilenet(bench: Bench, plan: Plan) -> list[Task]:
    """Transfer learning: our commands with a cold cache, and the framework's tutorial."""

    def tutorial(repeat: int) -> Job:
        return bench.peer(
            *("peers/keras_tutorial.py", bench.data, _weights(bench), "--finetune"),
            *("--seed", repeat, *bench.test_words()),
        )

    def ours(*words: str) -> Callable[[int], Job]:
        return lambda repeat: bench.train("--arch", "mobilenet", *words, seed=repeat)

    return [
        Task("b", "ours", ours()),
        Task("b", "ours, Lite1", lambda repeat: bench.train(*LITE1, seed=repeat)),
        Task("b", "tutorial", tutorial),
        Task("b", "ours --finetune", ours("--finetune")),
    ]


def _weights(bench: Bench) -> Path:
    if bench.weights is None:
        raise BenchmarkError("section b needs the backbone's weights: --weights FILE.weights.h5")
    return bench.weights


def retraining(bench: Bench, plan: Plan) -> list[Task]:
    """Train another head on features that are in the cache already."""
    words = ("--arch", "mobilenet")

    def again(repeat: int) -> Job:
        cache = bench.fresh()
        first = bench.train(*words, seed=repeat, cache=cache)
        bench.untimed("a warm cache", first.command, first.env)
        job = bench.train(*words, "--dense-units", "64", seed=repeat, cache=cache)
        return Job(job.command, job.read, job.env, drop=(*job.drop, *first.drop, cache))

    return [
        Task("c", "head again", again),
        Task("c", "import tensorflow", _import_tensorflow(bench)),
    ]


def _import_tensorflow(bench: Bench) -> Callable[[int], Job]:
    return lambda repeat: Job([bench.python, "-c", "import tensorflow"], read_nothing)


def prediction(bench: Bench, plan: Plan) -> list[Task]:
    """Predict photographs and camera pictures: our command, Keras', and the bare forward pass."""

    def folder(name: str, limit: int | None = None) -> Path:
        path = bench.work / name
        if not path.is_dir():
            link_pictures(bench.data, path, limit)
        return path

    def run() -> Path:
        return bench.trained("mobilenet", "--arch", "mobilenet")

    def forward(repeat: int) -> Job:
        # What is compared with is the pass in single precision, whatever the answers take.
        words = ("--arch", "mobilenet", "--compute", "float32")
        graph = bench.trained("float32", *words) / "model.onnx"
        if not graph.is_file():
            raise BenchmarkError(f"expected {graph}, for the bare forward pass")
        count = sum(1 for _ in folder("all").iterdir())
        return bench.peer("forward_limit.py", graph, "--pictures", count)

    def camera(count: int) -> Path:
        path = bench.work / f"camera-{count}"
        if not path.is_dir():
            bench.note(f"preparing: {count} camera pictures")
            enlarge_pictures(bench.data, path, count, plan.camera)
        return path

    return [
        Task("d", "ours", lambda repeat: bench.predict(run(), folder("all"), "--json")),
        Task(
            "d",
            "Keras",
            lambda repeat: bench.peer(
                "peers/keras_predict.py", run() / "model.keras", folder("all")
            ),
        ),
        Task(
            "d",
            f"ours, {SMALL} pictures",
            lambda repeat: bench.predict(run(), folder("some", SMALL), "--json"),
        ),
        Task("d", "bare forward pass", forward),
        Task("d", "ours, camera", lambda repeat: bench.predict(run(), camera(LARGE), "--json")),
        Task("d", "ours, few camera", lambda repeat: bench.predict(run(), camera(FEW), "--json")),
        Task(
            "d",
            "Keras, camera",
            lambda repeat: bench.peer(
                "peers/keras_predict.py", run() / "model.keras", camera(LARGE)
            ),
        ),
    ]


def startup(bench: Bench, plan: Plan) -> list[Task]:
    """Start: help against an empty app, one picture against importing TensorFlow."""

    def one(repeat: int) -> Job:
        picture = min((bench.data / "validation").glob("*/*"))
        run = bench.trained("mobilenet", "--arch", "mobilenet")
        job = bench.predict(run, picture)
        return Job(job.command, read_nothing, job.env, job.drop)

    return [
        Task("e", "--help", lambda repeat: Job(bench.ours("--help"), read_nothing)),
        Task(
            "e",
            "empty Typer app",
            lambda repeat: Job(bench.script("peers/empty_typer.py", "--help"), read_nothing),
        ),
        Task("e", "predict one picture", one),
        Task("e", "import tensorflow", _import_tensorflow(bench)),
    ]


def growth(bench: Bench, plan: Plan) -> list[Task]:
    """Train and predict on more and more pictures: memory and time for each."""
    # The cache between commands is off: its key is the content, and the links repeat pictures.
    words = ("--arch", "mobilenet", "--image-size", 96, "--epochs", 2, "--cache-size", 0)

    def grown(count: int) -> Path:
        path = bench.work / f"grown-{count}"
        if not path.is_dir():
            bench.note(f"preparing: {count} links")
            grow(bench.data, path, count)
        return path

    def train(count: int) -> Callable[[int], Job]:
        return lambda repeat: bench.train(*words, seed=repeat, data=grown(count))

    def predict(count: int) -> Callable[[int], Job]:
        def job(repeat: int) -> Job:
            run = bench.trained("small", *words, data=grown(plan.sizes[0]))
            return bench.predict(run, grown(count), "--json")

        return job

    tasks = []
    for count in growth_sizes(plan):
        tasks.append(Task("f", f"train {count}", train(count)))
        tasks.append(Task("f", f"predict {count}", predict(count)))
    return tasks


def growth_sizes(plan: Plan) -> tuple[int, ...]:
    """Return the numbers of pictures that section f measures, the calibrating one first."""
    return (max(plan.sizes[0] // CALIBRATION, 20), *plan.sizes)


SECTIONS = (
    Section("a", "the video's network", baseline, lambda plan: plan.repeats),
    Section("b", "transfer learning", mobilenet, lambda plan: plan.repeats),
    Section("c", "another head, warm cache", retraining, lambda plan: plan.repeats),
    Section("d", "prediction", prediction, lambda plan: plan.repeats),
    Section("e", "start-up", startup, lambda plan: plan.startup_repeats),
    Section("f", "growth", growth, lambda plan: plan.growth_repeats),
    Section("g", "all picture sets", all_sets, lambda plan: plan.seeds, timed=False),
)
