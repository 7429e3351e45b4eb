"""The line between village and centre: loses, delays, doubles, cuts and answers for somebody else.

`Road` is what the courier sees; its request yields a `Call` to whoever drives the coroutine, and that is all the
asynchrony there is. `Line` decides what becomes of each call. Must never change a byte without counting it as a fault.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.sync import LineDown, Reply
from tests.simulation.clockwork import DAY, SECOND, Clockwork

PORTAL_PAGE = b"<!DOCTYPE html><html><head><title>Login WiFi</title></head><body>Silakan masuk.</body></html>"
LATENCY_MS = (2, 120)
DUPLICATE_MS_MAX = 3 * DAY
"""How much later a doubled request may still arrive: a queue in some middle box over a long weekend."""


@dataclass(slots=True, eq=False)
class Call:
    """One request on its way. `answered` closes it: what comes later finds nobody waiting."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    is_damaged: bool = False
    answered: bool = False

    def __await__(self) -> Generator["Call", Reply, Reply]:
        reply = yield self
        return reply


class Road:
    """The courier's road."""

    async def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        return await Call(method, path, query, headers, body, seconds)


class Server(Protocol):
    """Whoever answers at the other end; `answer(None)` means that the connection was refused or broke."""

    def receive(self, call: Call, answer: Callable[[Reply | None], None]) -> None: ...


Resume = Callable[[Reply | LineDown], None]


@dataclass(slots=True)
class Weather:
    """How bad this seed's network is: share of calls by fault. All zero: it works."""

    shares: dict[str, float] = field(default_factory=dict)
    is_bad: bool = True

    def of(self, fault: str) -> float:
        return self.shares.get(fault, 0.0) if self.is_bad else 0.0


@dataclass(slots=True)
class Line:
    """One village's line."""

    clockwork: Clockwork
    weather: Weather
    server: Server
    cut_until_ms: int = 0
    portal_until_ms: int = 0
    calls: int = 0

    def carry(self, call: Call, resume: Resume) -> None:
        """Take a call and, some time later, resume its coroutine exactly once."""
        self.calls += 1
        if self._is_cut():
            self._fail(call, resume, is_refused=self.clockwork.happens(0.7))
        elif self.clockwork.now_ms < self.portal_until_ms:
            self.clockwork.count("captive_portal")
            self._later(30, call, resume, Reply(200, PORTAL_PAGE))
        else:
            self._send(call, resume)

    def _is_cut(self) -> bool:
        return self.clockwork.now_ms < self.cut_until_ms

    def _send(self, call: Call, resume: Resume) -> None:
        clockwork, weather = self.clockwork, self.weather
        if clockwork.happens(weather.of("duplicated_request")):
            clockwork.count("duplicated_request")
            far = clockwork.happens(0.3)
            self._arrive(clockwork.between(1, DUPLICATE_MS_MAX if far else 20 * SECOND), call, lambda reply: None)
        if clockwork.happens(weather.of("lost_request")):
            clockwork.count("lost_request")
            self._fail(call, resume)
        elif call.body and clockwork.happens(weather.of("cut_request")):
            clockwork.count("cut_request")
            half = Call(call.method, call.path, call.query, call.headers, self._cut(call.body), call.seconds, True)
            self._arrive(clockwork.between(*LATENCY_MS), half, lambda reply: None)
            self._fail(call, resume, is_refused=True)
        elif clockwork.happens(weather.of("late_request")):
            clockwork.count("late_request")
            self._arrive(clockwork.between(call.seconds * SECOND, call.seconds * SECOND * 20), call, lambda reply: None)
            self._fail(call, resume)
        else:
            latency = clockwork.between(*LATENCY_MS)
            if clockwork.happens(weather.of("delayed")):
                clockwork.count("delayed")
                latency = clockwork.between(SECOND, call.seconds * SECOND * 0.8)
            deadline = clockwork.now_ms + int(call.seconds * SECOND)
            self._arrive(latency, call, lambda reply: self._return(call, resume, reply, deadline))

    def _arrive(self, ms: float, call: Call, answer: Callable[[Reply | None], None]) -> None:
        self.clockwork.after(ms, f"arrive {call.method} {call.path}", lambda: self.server.receive(call, answer))

    def _return(self, call: Call, resume: Resume, reply: Reply | None, deadline_ms: int) -> None:
        clockwork, weather = self.clockwork, self.weather
        left = max(0, deadline_ms - clockwork.now_ms)
        if reply is None:
            self._later(1, call, resume, LineDown("connection reset"))
        elif self._is_cut():
            self._later(left, call, resume, LineDown("timed out"))
        elif clockwork.happens(weather.of("lost_reply")):
            clockwork.count("lost_reply")
            self._later(left, call, resume, LineDown("timed out"))
        elif clockwork.happens(weather.of("late_reply")):
            clockwork.count("late_reply")
            self._later(left, call, resume, LineDown("timed out"))
            self._later(left + clockwork.between(1, 60 * SECOND), call, resume, reply)
        elif reply.body and clockwork.happens(weather.of("cut_reply")):
            clockwork.count("cut_reply")
            is_noticed = clockwork.happens(0.5)
            cut = LineDown("cut") if is_noticed else Reply(reply.status, self._cut(reply.body))
            self._later(min(left, clockwork.between(*LATENCY_MS)), call, resume, cut)
        else:
            latency = clockwork.between(*LATENCY_MS)
            self._later(min(left, latency), call, resume, reply if latency <= left else LineDown("timed out"))

    def _cut(self, body: bytes) -> bytes:
        return body[: self.clockwork.chance.randrange(len(body))]

    def _fail(self, call: Call, resume: Resume, *, is_refused: bool = False) -> None:
        ms = self.clockwork.between(1, 200) if is_refused else call.seconds * SECOND
        self._later(ms, call, resume, LineDown("refused" if is_refused else "timed out"))

    def _later(self, ms: float, call: Call, resume: Resume, outcome: Reply | LineDown) -> None:
        def act() -> None:
            if not call.answered:
                call.answered = True
                resume(outcome)

        self.clockwork.after(ms, f"answer {call.path}", act)
