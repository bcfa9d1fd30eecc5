"""The proof of docs/reliability.md: faults planted by the hundred, and what is whole after each.

``python -m tests.faults`` plants all of them, hours of them; ``pytest -m faults`` a short part. A
command runs in a process of its own whose every change to a disk asks first (``gate.py``), so that
a kill or an error can be planted at the first change, at the second, … (``process.py``):

- ``commands.py`` is the table of commands, one entry each: what is there before, what is typed,
  what must hold after a kill and after the same was typed again. **A new command is added there.**
- ``kills.py`` kills each of them at its changes, and at random moments.
- ``stops.py`` asks trainings to stop, as Ctrl-C and containers do.
- ``errors.py`` fails each change of each of them: disk full, quota, read-only, broken.
- ``together.py`` types two at once.
- ``changing.py`` takes pictures away, and changes them, while they are read.
- ``mutated.py`` shows thousands of damaged pictures to whatever reads pictures.
- ``malformed.py`` gives nonsense for settings, manifests, splits, review lists, logs.
- ``older.py`` reads the runs of older formats.
- ``batch_kills.py`` kills workers, nodes and the command of a batch on a cluster that
  ``clusters.py`` starts on loopback; ``python -m tests.faults.batch_kills`` does it by the hundred.
- ``page.py`` writes docs/reliability.md from what was counted.
"""
