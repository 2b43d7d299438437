"""What a provider's failure means to its breaker."""

from agent.providers import ProviderFailed
from breaker import Breaker

LONGEST = 30.0  # seconds
LONGEST_WISH = 60.0  # seconds of a Retry-After that are honoured
NOT_THEIRS = {"rejected", "empty"}  # due to what was asked, not to who was
UNHEALING = {"unauthorised", "redirected", "misconfigured", "no_credit"}  # until somebody acts


def note(breaker: Breaker, number: int, failure: ProviderFailed) -> None:
    """Tell *breaker* of the attempt *number*, unless the failure is the question's."""
    if failure.reason not in NOT_THEIRS:
        breaker.failed(number, failure.reason, wish=_wish(failure))


def _wish(failure: ProviderFailed) -> float:
    if failure.reason in UNHEALING:
        return LONGEST
    return min(failure.retry_after or 0.0, LONGEST_WISH)
