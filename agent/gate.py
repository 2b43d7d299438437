"""Whether what was found answers the question at all: decided before any model is asked. Pure.

The threshold is the book's own, calibrated when it is ingested (``agent.ingest.calibration``): in a
book about one thing every question comes near to something.
"""

from collections.abc import Sequence

from attrs import frozen

from agent.events import Retrieved
from agent.index import Hit, Manifest

JUDGED = 5  # hits that are looked at
# Where two labelled books agree (SQuAD's articles and the Rust book), and what stands for a book
# that was not calibrated.
USUAL, USUAL_OF_WORDS = 0.425, 0.62


@frozen
class Gate:
    """The confidence that the best of the first hits needs."""

    threshold: float = USUAL
    threshold_of_words: float = USUAL_OF_WORDS  # where nothing has a cosine

    def judge(self, hits: tuple[Hit, ...], degraded: tuple[str, ...] = ()) -> Retrieved:
        """*hits*, whose scores are confidences, with the verdict."""
        best = max((hit.score for hit in hits[:JUDGED]), default=0.0)
        answerable = bool(hits) and best >= self.needed(hits)
        return Retrieved(hits, round(best, 4), answerable, degraded)

    def needed(self, hits: Sequence[Hit]) -> float:
        by_meaning = any(hit.cosine is not None for hit in hits)
        return self.threshold if by_meaning else self.threshold_of_words


def gate_of(manifest: Manifest) -> Gate:
    """The gate of the book that *manifest* describes."""
    return Gate(
        USUAL if manifest.threshold is None else manifest.threshold,
        USUAL_OF_WORDS if manifest.threshold_of_words is None else manifest.threshold_of_words,
    )
