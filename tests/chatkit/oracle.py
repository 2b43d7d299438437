"""Runs beside openai-chatkit's own types, in a process of its own: its package has our name.

Reads lines of ``{"kind", "payload"}``; prints what does not come back from the types as it went in.
"""

import json
import sys

sys.path.append(sys.argv[1])

from chatkit.types import Page, Thread, ThreadItem, ThreadStreamEvent  # type: ignore[import-not-found]
from pydantic import TypeAdapter

ADAPTERS = {
    "event": TypeAdapter(ThreadStreamEvent),
    "thread": TypeAdapter(Thread),
    "threads": TypeAdapter(Page[Thread]),
    "items": TypeAdapter(Page[ThreadItem]),
}


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        adapter = ADAPTERS[told["kind"]]
        parsed = adapter.validate_python(told["payload"])
        back = json.loads(adapter.dump_json(parsed, by_alias=True, exclude_none=True))
        if back != told["payload"]:
            print(json.dumps({"kind": told["kind"], "sent": told["payload"], "back": back}))


main()
