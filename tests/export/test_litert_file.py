"""A file of a few tensors and operators, and one that goes on where another ends."""

import numpy as np

from tests.export.test_litert_writer import interpreter, operators
from tl_catdog.export.litert_file import LiteRTFile, Steps


def times(file: LiteRTFile, taken: int, factor: list[float], name: str) -> int:
    """Add an operator that multiplies a tensor of two numbers, and return what it gives."""
    by = file.tensor(f"{name}/factor", (2,), numbers=np.array(factor, np.float32))
    return file.operator("MUL", [taken, by], file.tensor(name, (1, 2)))


def answer(content: bytes, given: list[float]) -> list[float]:
    loaded = interpreter(content)
    (taken,), (told,) = loaded.get_input_details(), loaded.get_output_details()
    loaded.set_tensor(taken["index"], np.array([given], np.float32))
    loaded.invoke()
    return [float(value) for value in loaded.get_tensor(told["index"])[0]]


def doubling() -> bytes:
    file = LiteRTFile()
    taken = file.tensor("taken", (1, 2))
    return file.finish(taken, times(file, taken, [2, 3], "given"))


def test_a_file_computes_what_its_operators_say() -> None:
    content = doubling()
    assert content[4:8] == b"TFL3"
    assert answer(content, [1, 10]) == [2, 30]


def test_a_file_goes_on_where_another_ends() -> None:
    file = LiteRTFile(doubling())
    assert file.taken is not None
    assert file.given is not None
    content = file.finish(file.taken, times(file, file.given, [10, 10], "more"))
    assert answer(content, [1, 10]) == [20, 300]
    assert operators(content) == ["MUL", "MUL"]
    assert len(file.tensors) == 5


def test_whole_numbers_stand_for_values_by_their_steps() -> None:
    file = LiteRTFile()
    steps = Steps(np.array([0.5], np.float32), np.array([3]))
    taken = file.tensor("taken", (1, 2))
    rounded = file.operator("QUANTIZE", [taken], file.tensor("whole", (1, 2), "INT8", steps=steps))
    given = file.operator("DEQUANTIZE", [rounded], file.tensor("given", (1, 2)), version=2)
    assert answer(file.finish(taken, given), [1.3, 1000]) == [1.5, (127 - 3) * 0.5]
