"""What a reader asks, as the agent sees it."""

from agent import followup
from agent.followup import Search, Turn
from agent.scope import Scope
from agent.selection import SEARCHED
from records import frozen


@frozen(kw_only=True)
class Question:
    """What the reader wants to know; *selected_text* is what they have highlighted."""

    text: str
    selected_text: str | None = None
    turns: tuple[Turn, ...] = ()  # earlier ones of the conversation, oldest first
    use_model: bool = True  # or answer from the book's own words, for nothing
    scope: Scope | None = None  # the only part of the book that is searched

    @property
    def search(self) -> Search:
        """What the book is searched for; a selection that is not from there counts, too."""
        if self.selected_text:
            return Search(f"{self.text}\n{self.selected_text[:SEARCHED]}")
        return followup.search(self.text, self.turns)
