"""What a person sees of a run: a bar on a terminal, a line now and then in a log."""

import sys
import time
from typing import Never, TextIO

from tqdm import tqdm

from agent.ingest.build import Progress

INTERVAL = 5.0  # seconds between two lines


def progress_on(stream: TextIO) -> Progress:
    return Bar(stream) if stream.isatty() else Lines(stream)


class Bar:
    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._bar: tqdm[Never] | None = None

    def begin(self, step: str, total: int) -> None:
        self._end()
        if total:
            self._bar = tqdm(desc=step, total=total, unit=" passages", file=self._stream)
        else:
            print(f"{step} …", file=self._stream)

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)
            if self._bar.n >= (self._bar.total or 0):
                self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Lines:
    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._step, self._done, self._total = "", 0, 0
        self._said = 0.0

    def begin(self, step: str, total: int) -> None:
        self._step, self._done, self._total = step, 0, total
        self._say()

    def advance(self, count: int) -> None:
        self._done += count
        if time.monotonic() >= self._said + INTERVAL:
            self._say()

    def _say(self) -> None:
        counted = f": {self._done} of {self._total}" if self._total else ""
        print(f"{self._step}{counted} …", file=self._stream, flush=True)
        self._said = time.monotonic()
