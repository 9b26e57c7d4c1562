import sys
from pathlib import Path

# The tiny parts are named in catalogues as "module:attribute", also in child processes, so their folder is on the path.
sys.path.insert(0, str(Path(__file__).parent))
