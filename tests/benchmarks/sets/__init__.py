import sys
from pathlib import Path

# They are scripts, not a part of the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
