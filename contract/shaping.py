"""Valid JSON to frozen records and back. The only home of cattrs."""

from datetime import datetime
from functools import cache
from uuid import UUID

from cattrs import BaseValidationError, Converter

# What shaping something raises that is not of its shape.
UNSHAPED = (BaseValidationError, ValueError, KeyError, TypeError)


@cache
def converter() -> Converter:
    """Shapes valid JSON into records and back; orjson writes times itself."""
    made = Converter()
    made.register_structure_hook(UUID, lambda text, _: UUID(text))
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    made.register_unstructure_hook(UUID, str)  # the driver's are a subclass, which orjson refuses
    return made
