"""What a LiteRT file says of itself is read by programs that nobody here wrote."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.export.test_litert_writer import answers, pictures
from tests.support.made_up import network_run, small_network
from tl_catdog.export.graphs import PICTURES, PROBABILITIES
from tl_catdog.export.litert_file import schema_of_files
from tl_catdog.export.litert_graph import with_probabilities
from tl_catdog.export.litert_metadata import metadata_of, with_metadata
from tl_catdog.export.litert_writer import LiteRTWriter
from tl_catdog.runs.folder import Run

ODD = ("a cat, lying", " two\nlines\r", "back\\slash", "Hündchen 🐕", "", "\u2028", 'quo"te')


def run_of(tmp_path: Path, classes: tuple[str, ...]) -> tuple[Run, bytes]:
    """Return a run and its LiteRT file, without metadata."""
    graph, _ = small_network(units=len(classes), pads=(0, 0, 1, 1), seed=1)
    run = network_run(tmp_path, graph, size=32, classes=("a", "b", "c"))
    data = {**run.manifest["data"], "classes": list(classes)}
    run = replace(run, manifest={**run.manifest, "data": data})
    model: onnx.ModelProto = with_probabilities(graph, run)
    return run, LiteRTWriter().write(model, whole=False)


def test_labels_lie_behind_the_file_one_in_each_line(tmp_path: Path) -> None:
    run, content = run_of(tmp_path, ODD)
    told = with_metadata(content, run)
    assert told == with_metadata(content, run)  # nothing of the day it was made
    with zipfile.ZipFile(io.BytesIO(told)) as archive:
        assert archive.namelist() == ["labels.txt"]
        lines = archive.read("labels.txt").decode().split("\n")
    assert lines == [
        *("a cat, lying", " two\\nlines\\r", "back\\\\slash", "Hündchen 🐕"),
        *("", "\\u2028", 'quo"te', ""),
    ]


def test_the_network_stays_what_it_is(tmp_path: Path) -> None:
    run, content = run_of(tmp_path, ("a", "b", "c"))
    told = with_metadata(content, run)
    given = pictures(3, 32)
    np.testing.assert_array_equal(answers(told, given), answers(content, given))
    schema = schema_of_files()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(told, 0))
    (entry,) = model.metadata
    assert entry.name == b"TFLITE_METADATA"
    assert bytes(model.buffers[entry.buffer].data) == metadata_of(run)


def test_mediapipes_own_reader_finds_it_all(tmp_path: Path) -> None:
    reader: Any = pytest.importorskip(
        "mediapipe.tasks.metadata.metadata_schema_py_generated", exc_type=ImportError
    )
    run, _ = run_of(tmp_path, ("a", "b", "c"))
    content = metadata_of(run)
    assert reader.ModelMetadata.ModelMetadataBufferHasIdentifier(content, 0)
    found = reader.ModelMetadataT.InitFromObj(reader.ModelMetadata.GetRootAs(content, 0))
    assert found.name == run.name.encode()
    assert found.minParserVersion == b"1.0.0"
    assert b"maker" in found.license
    assert found.author.startswith(b"tl-catdog ")
    (network,) = found.subgraphMetadata
    (taken,), (given,) = network.inputTensorMetadata, network.outputTensorMetadata
    assert (taken.name, given.name) == (PICTURES.encode(), PROBABILITIES.encode())
    assert taken.content.contentPropertiesType == reader.ContentProperties.ImageProperties
    assert taken.content.contentProperties.colorSpace == reader.ColorSpaceType.RGB
    (unit,) = taken.processUnits
    assert unit.optionsType == reader.ProcessUnitOptions.NormalizationOptions
    assert (list(unit.options.mean), list(unit.options.std)) == ([0.0], [1.0])
    (labels,) = given.associatedFiles
    assert labels.name == b"labels.txt"
    assert labels.type == reader.AssociatedFileType.TENSOR_AXIS_LABELS
