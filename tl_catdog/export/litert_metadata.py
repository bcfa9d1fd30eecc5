"""What a LiteRT file says of itself, so that MediaPipe Tasks and others take it as it is.

LiteRT's metadata are a flatbuffer of their own in the file, and files such as labels in a ZIP
archive behind it. Each table is written here by its fields' places in the schema,
https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/tasks/metadata/metadata_schema.fbs
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from tl_catdog.export.card import RESIZE, described
from tl_catdog.export.graphs import PICTURES, PROBABILITIES
from tl_catdog.export.labels import in_a_line
from tl_catdog.export.litert_file import packed, schema_of_files
from tl_catdog.runs.folder import Run

NAME, METADATA_IDENTIFIER, LABELS = b"TFLITE_METADATA", b"M001", "labels.txt"

PARSER = "1.0.0"
"""The least version of the parser that knows all that is written here."""

AXIS_LABELS, FEATURES, IMAGE, RGB, NORMALISATION = 2, 1, 2, 1, 1  # of the schema's enumerations

Field = Callable[[Any], None]
"""Writes a field into the table that is begun."""


def with_metadata(content: bytes, run: Run) -> bytes:
    """Return a LiteRT file that says how it is fed and what its numbers mean.

    Args:
        content: A file from pictures, 0 to 255, to probabilities.
        run: Whose network it is.
    """
    schema = schema_of_files()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    buffer = schema.BufferT()
    buffer.data = metadata_of(run)
    entry = schema.MetadataT()
    entry.name, entry.buffer = NAME, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    return packed(model) + _archive(run)


def _archive(run: Run) -> bytes:
    """Return the labels as the ZIP archive that is put behind a file, the same at any time."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        text = "".join(f"{in_a_line(label)}\n" for label in run.classes)
        archive.writestr(zipfile.ZipInfo(LABELS), text.encode(errors="backslashreplace"))
    return written.getvalue()


def metadata_of(run: Run) -> bytes:
    """Return the metadata of a run's LiteRT files, a flatbuffer."""
    import flatbuffers

    builder = flatbuffers.Builder(2**12)
    about = described(run)
    pictures = _tensor(
        builder,
        PICTURES,
        f"{about['input']}. {RESIZE}",
        content=_content(builder, IMAGE, _table(builder, [_number(0, RGB)])),
        units=[_unit(builder, _normalisation(builder))],
        files=[],
    )
    labels = _table(
        builder,
        [
            _offset(0, builder.CreateString(LABELS)),
            _offset(1, builder.CreateString("the classes' names, one in each line")),
            _number(2, AXIS_LABELS),
        ],
    )
    probabilities = _tensor(
        builder,
        PROBABILITIES,
        about["output"],
        content=_content(builder, FEATURES, _table(builder, [])),
        units=[],
        files=[labels],
    )
    network = _table(
        builder,
        [
            _offset(2, _vector(builder, [pictures])),
            _offset(3, _vector(builder, [probabilities])),
        ],
    )
    builder.Finish(
        _table(
            builder,
            [
                _offset(0, builder.CreateString(about["name"])),
                _offset(1, builder.CreateString(f"Tells apart {about['labels']}")),
                _offset(2, builder.CreateString(about["run_sha256"])),
                _offset(3, _vector(builder, [network])),
                _offset(4, builder.CreateString(about["made_by"])),
                _offset(5, builder.CreateString(about["licence"])),
                _offset(7, builder.CreateString(PARSER)),
            ],
        ),
        METADATA_IDENTIFIER,
    )
    return bytes(builder.Output())


def _tensor(
    builder: Any,
    name: str,
    words: str,
    *,
    content: int,
    units: Sequence[int],
    files: Sequence[int],
) -> int:
    fields = [_offset(0, builder.CreateString(name)), _offset(1, builder.CreateString(words))]
    fields.append(_offset(3, content))
    if units:
        fields.append(_offset(4, _vector(builder, units)))
    if files:
        fields.append(_offset(6, _vector(builder, files)))
    return _table(builder, fields)


def _content(builder: Any, kind: int, properties: int) -> int:
    return _table(builder, [_number(0, kind), _offset(1, properties)])


def _unit(builder: Any, options: int) -> int:
    return _table(builder, [_number(0, NORMALISATION), _offset(1, options)])


def _normalisation(builder: Any) -> int:
    """(x − 0) / 1: the file scales by itself."""
    ends = [_numbers(builder, [value]) for value in (0.0, 1.0)]
    return _table(builder, [_offset(place, end) for place, end in enumerate(ends)])


def _table(builder: Any, fields: Sequence[Field]) -> int:
    """Write a table; what it refers to is there by then."""
    builder.StartObject(10)
    for field in fields:
        field(builder)
    return int(builder.EndObject())


def _offset(place: int, to: int) -> Field:
    return lambda builder: builder.PrependUOffsetTRelativeSlot(place, to, 0)


def _number(place: int, value: int) -> Field:
    return lambda builder: builder.PrependUint8Slot(place, value, 0)


def _vector(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _numbers(builder: Any, values: Sequence[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
