"""Run by `hostile.Tryer`: a fork for each bundle, with the limits and the answer of the product's own child."""

import json
import os
import select
import signal
import sys
import time

from sevenfold.deployment import isolation


def main() -> None:
    # Imported, not used: no library has started a thread when this process forks.
    import catboost  # noqa: F401
    import lightgbm  # noqa: F401
    import polars  # noqa: F401
    import safetensors.numpy  # noqa: F401
    import scipy.sparse  # noqa: F401
    import xgboost  # noqa: F401

    import sevenfold.deployment.bundle
    import sevenfold.features.catalogue
    import sevenfold.models.catalogue  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(tried(json.loads(line))), flush=True)


def tried(request):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        code = 1
        try:
            code = isolation.attempt(request)
        finally:
            os._exit(code)
    os.close(writer)
    output, end = b"", time.monotonic() + request["seconds"]
    while (left := end - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        part = os.read(reader, 65536)
        if not part:
            break
        output += part
    else:
        left = 0
    os.close(reader)
    if left <= 0 or end <= time.monotonic():
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return {"code": os.waitstatus_to_exitcode(status), "output": output.decode(errors="replace")}


if __name__ == "__main__":
    main()
