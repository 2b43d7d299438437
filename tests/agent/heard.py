"""What an agent tells, and what a model says, from the first word to the last."""

from agent import Agent, Question
from agent.deadline import Deadline
from agent.events import Event


async def events_of(agent: Agent, question: Question, seconds: float = 30) -> list[Event]:
    events: list[Event] = []
    await agent.answer(question, Deadline.after(seconds), events.append)
    return events
