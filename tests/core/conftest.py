import sys
from pathlib import Path

# Scenarios are named as "module:class", in a process of their own, which is given this path.
sys.path.insert(0, str(Path(__file__).parent))
