"""The commands of whoever must be able to ask: why was somebody answered so, and what is held about them.

A full number is never shown without a line in the log of looks, with the reason that `--reason` gives. Place in the flow:
`__main__` hangs these into the program; the pages "Warga" and "Koreksi petugas" show the same.
"""

import json
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from central import subject
from central.domain.answers import Rules
from central.domain.subject_words import as_text
from central.store import overrides
from central.subject import REASON_LENGTH_MAX, REASON_LENGTH_MIN, Inquiry
from chassis.commands import Stopped, out, show
from chassis.database import Database

NIK_LINE_MAX = 64
NikArgument = Annotated[str, typer.Argument(metavar="NIK", help="Sixteen digits; '-' reads them from standard input.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why you look: it stands in the log of looks.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@dataclass(frozen=True)
class Post:
    """What the composition root lends: how to open the archive, the rules, who asks, and the time."""

    archive: Callable[[Path], AbstractAsyncContextManager[Database]]
    settle: Callable[[Database], Coroutine[Any, Any, None]]
    run: Callable[[Coroutine[Any, Any, None]], None]
    rules: Callable[[], Rules]
    actor: Callable[[], str]
    now_ms: Callable[[], int]


def add_inquiries(program: typer.Typer, post: Post, settings_option: Any, default_settings: Path) -> None:
    """`why`, `subject-report` and `overrides`."""
    settings_type = Annotated[Path, settings_option]

    @program.command()
    def why(
        nik: NikArgument,
        reason: ReasonOption,
        settings_path: settings_type = default_settings,
        as_json: JsonOption = False,
    ) -> None:
        """Why each proposal of a person was answered as it was: rule, evidence, order among rivals, facts hash, in words."""

        async def work() -> None:
            asked = _inquiry(nik, reason, post.actor())
            async with post.archive(settings_path) as database:
                await post.settle(database)
                found = await subject.why(database, post.rules(), asked, post.now_ms())
            if as_json:
                show({"proposals": found}, as_json=True)
                return
            for each in found:
                out.print(f"Usulan {each['proposal']}, desa {each['village']}, periode {each['cycle']}")
                out.print("\n".join(f"  {line}" for line in each["words"]) + "\n")
            if not found:
                out.print("Tidak ada usulan dengan NIK ini. Kepesertaannya: kampung-central subject-report.")

        post.run(work())

    @program.command("subject-report")
    def subject_report(
        nik: NikArgument,
        reason: ReasonOption,
        settings_path: settings_type = default_settings,
        as_json: JsonOption = False,
    ) -> None:
        """Everything the centre holds about a person and what was done with it: the answer to who asks for their data."""

        async def work() -> None:
            asked = _inquiry(nik, reason, post.actor())
            async with post.archive(settings_path) as database:
                await post.settle(database)
                found = await subject.report(database, post.rules(), asked, post.now_ms())
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n" if as_json else as_text(found))

        post.run(work())

    @program.command("overrides")
    def list_overrides(settings_path: settings_type = default_settings, as_json: JsonOption = False) -> None:
        """Every time a person decided otherwise than the rules, or than an officer before them: both officers, and why."""

        async def work() -> None:
            async with post.archive(settings_path) as database:
                found = await database.read(lambda c: overrides.lines(c, 1, OVERRIDES_MAX))
            rows = [asdict(each) | {"proposal": each.proposal.hex()} for each in found]
            show({"overrides": rows}, as_json=as_json)

        post.run(work())


OVERRIDES_MAX = 1_000_000
"""All of them: an office makes some dozens a year."""


def _inquiry(typed: str, reason: str, actor: str) -> Inquiry:
    """Raises Stopped with the cure; what was typed is not repeated, for it may be somebody's number."""
    nik, fault = subject.check_nik((sys.stdin.readline(NIK_LINE_MAX) if typed == "-" else typed).strip())
    if fault:
        raise Stopped(f"that is no NIK to find somebody by: {fault}")
    words = " ".join(reason.split())
    if not REASON_LENGTH_MIN <= len(words) <= REASON_LENGTH_MAX or not words.isprintable():
        raise Stopped(f"--reason: say in {REASON_LENGTH_MIN} to {REASON_LENGTH_MAX} printable characters why you look")
    return Inquiry(nik, actor, words)
