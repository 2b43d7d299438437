"""A broken promise, and the rule that it breaks."""

from collections.abc import Iterable

from attrs import evolve

from records import frozen

# What each rule protects, and what to do instead of breaking it.
RULES = {
    "server-removed": "Clients have its address built in. Keep it beside the new one.",
    "schema-removed": "Its name is a type that clients import. Keep the name.",
    "security-scheme-changed": "Clients show their credentials as they learned to. Add a scheme.",
    "operation-removed": "Its name is a function that clients call. Keep it, `deprecated: true`.",
    "operation-moved": "Clients send to the old place. Keep it, and add the new one beside it.",
    "operation-retagged": "The first tag is the module that clients import it from. Keep it first.",
    "security-tightened": "Who was let in is refused now. Keep accepting what was enough before.",
    "parameter-removed": "Clients pass it by this name and place. Keep taking it.",
    "parameter-required": "Old clients do not send it. Let it be optional.",
    "parameter-narrowed": "A value that was taken is refused now. Take the old values, too.",
    "parameter-serialized": "Clients write it as they learned to. Keep its style.",
    "body-required": "Old clients may send none. Let it be optional.",
    "body-media-removed": "Clients send this media type. Keep taking it.",
    "body-narrowed": "A body that was taken may be refused now. Take the old ones, too.",
    "member-removed": "Clients still send it, and it would be ignored in silence. Keep reading it.",
    "default-changed": "Who leaves it out gets something else now. Keep the default.",
    "status-added": "Clients have no branch for it. Use a status that the operation promises.",
    "status-removed": "Clients wait for this success. Keep answering with it.",
    "media-added": "Clients may get what they cannot parse. Offer it at another operation.",
    "media-removed": "Clients ask for this media type. Keep it.",
    "response-widened": "Clients may get what was never promised. Keep the old shape.",
    "event-added": "Clients have no branch for it. Tell it in an event that they know.",
    "event-removed": "Clients wait for it. Keep sending it.",
    "header-removed": "Clients read it. Keep sending it.",
    "header-widened": "Clients may get a value that was never promised. Keep to the old ones.",
    "discriminator-changed": "Clients tell the branches of a union apart by it. Keep it.",
    "format-changed": "Generators make another type of it. Keep the format.",
}
SHOWN = 3  # operations by name; others are counted


@frozen(kw_only=True)
class Finding:
    """One promise broken; *at* is the place within a schema, where there is one."""

    rule: str
    operations: tuple[str, ...] = ()
    place: str
    at: str = ""
    change: str = ""

    @property
    def remedy(self) -> str:
        return RULES[self.rule]

    def __str__(self) -> str:
        more = len(self.operations) - SHOWN
        who = ", ".join(self.operations[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        what = ": ".join(part for part in (self.at, self.change) if part)
        where = " · ".join(part for part in (who, self.place, what) if part)
        return f"{self.rule}: {where}\n    {self.remedy}"


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each cause: a schema that many operations share breaks once."""
    causes: dict[tuple[str, ...], Finding] = {}
    for finding in findings:
        shared = finding.at[:1].isupper()  # inside a named schema
        place = () if shared else (*finding.operations, finding.place)
        cause = (finding.rule, finding.at, finding.change, *place)
        first = causes.setdefault(cause, finding)
        names = dict.fromkeys((*first.operations, *finding.operations))
        causes[cause] = evolve(first, operations=tuple(names))
    return list(causes.values())
