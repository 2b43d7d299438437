"""A clock that the test turns."""

from attrs import define


@define
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
