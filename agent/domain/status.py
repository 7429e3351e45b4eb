"""The state of the road, as the post room notes it and pages show it. A value; whoever changes it is `agent/sync`."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Status:
    """What pages and metrics say about the road. Times in ms since 1970 by the box's clock; None: never since start."""

    is_online: bool = False
    since_ms: int | None = None
    last_contact_ms: int | None = None
    last_error: str = ""
    halted: str = ""
    clock_skew_ms: int = 0
    attempts: dict[str, int] = field(default_factory=dict)
    digest_mismatches: int = 0

    def count(self, result: str) -> None:
        self.attempts[result] = self.attempts.get(result, 0) + 1
