"""Shows that nothing is lost and nothing comes twice when a worker dies: inspects a folder with two actors, kills the
process of one of them in the middle, and holds the results against `bigrid inspect`.

    bigrid inspect MODEL.onnx FOLDER --format json > expected.json
    python lose_a_worker.py MODEL.onnx FOLDER expected.json
"""

import collections
import json
import os
import pathlib
import signal
import sys
import time

import inspect_folder as example
import ray

TOLERANCE = 1e-4


@ray.remote(num_cpus=0)
class Journal:
    """What every worker has begun, as it happens."""

    def __init__(self):
        self.began = collections.Counter()
        self.workers = collections.Counter()

    def note(self, path, process):
        self.began[path] += 1
        self.workers[process] += 1
        return sum(self.began.values())

    def read(self):
        return dict(self.began), dict(self.workers)


def killing(journal, at):
    """An inspector whose process dies at the `at`-th image, like one that the system kills for its memory."""
    call = example.Inspector.__call__

    def inspect(self, row):
        if ray.get(journal.note.remote(row["path"], os.getpid())) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(self, row)

    return type("Inspector", (example.Inspector,), {"__call__": inspect})


def main(bundle, folder, expected_file):
    files = [path for path in pathlib.Path(folder).rglob("*") if path.suffix[1:].lower() in example.SUFFIXES]
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    journal = Journal.remote()
    example.Inspector = killing(journal, at=len(files) // 2)
    started = time.perf_counter()
    rows = example.inspect_folder(bundle, str(pathlib.Path(folder).resolve()), actors=2).take_all()
    seconds = time.perf_counter() - started
    began, workers = ray.get(journal.read.remote())

    results = collections.Counter(row["path"] for row in rows)
    expected = {str(pathlib.Path(one["path"]).resolve()): one for one in json.loads(pathlib.Path(expected_file).read_text())}
    scores = {row["path"]: row["score"] for row in rows if row["error"] is None}
    failed = {path for path, one in expected.items() if "error" in one}
    off = [abs(score - expected[path]["score"]) for path, score in scores.items() if path in expected and path not in failed]
    figures = {
        "images": len(files),
        "results": len(rows),
        "lost": len({str(path.resolve()) for path in files} - set(results)),
        "twice": sum(count - 1 for count in results.values()),
        "begun again after the kill": sum(count - 1 for count in began.values()),
        "workers": len(workers),
        "scores compared": len(off),
        "furthest from bigrid inspect": max(off),
        "seconds": round(seconds, 1),
    }
    for name, figure in figures.items():
        print(f"{name}: {figure}")
    assert figures["lost"] == 0 and figures["twice"] == 0, "Expected every image once"
    assert len(workers) == 3, f"Expected two workers and a replacement for the dead one but received {workers}"
    assert len(off) == len(expected) - len(failed) and max(off) < TOLERANCE, "Expected the same scores"
    assert set(results) - set(scores) == failed, "Expected errors for the same images"


if __name__ == "__main__":
    main(*sys.argv[1:])
