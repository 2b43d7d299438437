"""Whether what was found answers the question at all: decided before any model is asked. Pure.

The threshold is the book's own, calibrated when it is ingested (``agent.ingest.calibration``): in a
book about one thing every question comes near to something.
"""

from collections.abc import Sequence

from agent.events import Retrieved
from agent.index import Hit, Manifest
from records import frozen

JUDGED = 5  # hits that are looked at
USUAL = 0.425  # of a book that was not calibrated: what SQuAD's articles and the Rust book allow
OF_WORDS = 0.55  # where nothing has a cosine; probes of a book's own words cannot tell it


@frozen
class Gate:
    """The confidence that the best of the first hits needs."""

    threshold: float = USUAL

    def judge(self, hits: tuple[Hit, ...], degraded: tuple[str, ...] = ()) -> Retrieved:
        """*hits*, whose scores are confidences, with the verdict."""
        best = max((hit.score for hit in hits[:JUDGED]), default=0.0)
        answerable = bool(hits) and best >= self.needed(hits)
        return Retrieved(hits, round(best, 4), answerable, degraded)

    def needed(self, hits: Sequence[Hit]) -> float:
        by_meaning = any(hit.cosine is not None for hit in hits)
        return self.threshold if by_meaning else OF_WORDS


def gate_of(manifest: Manifest) -> Gate:
    """The gate of the book that *manifest* describes."""
    return Gate() if manifest.threshold is None else Gate(manifest.threshold)
