"""A sealed letter between two villages that never speak with each other: printed in one, scanned in the other."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.clerk import words
from tests.acceptance.programs import Failed, until
from tests.acceptance.town import Box, Town

needs_zbar = pytest.mark.skipif(
    not shutil.which("zbarimg") or not shutil.which("pdftoppm"), reason="needs zbar-tools and poppler-utils"
)


async def scanned(box: Box, letter: str, folder: Path) -> str:
    """The code on the paper, by an independent reader."""
    async with box.clerk._session.get(f"{box.clerk._base}/letters/{letter}/pdf") as answer:
        (folder / "letter.pdf").write_bytes(await answer.read())
    paper = str(folder / "letter")
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-singlefile", f"{paper}.pdf", paper], check=True)
    read = subprocess.run(
        ["zbarimg", "-q", "--raw", "--nodbus", f"{paper}.png"], capture_output=True, text=True, check=True
    )
    return read.stdout.rstrip("\n")


async def shown(box: Box, code: str) -> str:
    """What the page that checks letters says."""
    async with box.clerk._session.post(
        f"{box.clerk._base}/verify",
        data={"csrf": box.clerk.csrf, "code": code},
        headers={"Origin": box.clerk._base},
    ) as answer:
        assert answer.status == 200
        return words(await answer.text())


async def until_shown(box: Box, code: str, answer: str) -> None:
    async def says() -> bool:
        return answer in await shown(box, code)

    await until(f"{box.village} to call the letter {answer!r}", says)


async def by_command(box: Box, code: str) -> tuple[int, str]:
    """(exit code, answer) of the command, beside the running server."""
    try:
        said = json.loads(await box.program.command("verify-seal", "-", "--json", given=code))
    except Failed as failed:
        return failed.code, failed.err
    return 0, said["answer"]


@needs_zbar
@pytest.mark.parametrize("town", [2], indirect=True)
async def test_a_letter_is_valid_everywhere_until_it_is_void_everywhere(town: Town, tmp_path: Path) -> None:
    issuing, checking = town.boxes
    resident = await issuing.clerk.register(town.free[0])
    status, letter = await issuing.clerk.issue_at_once(resident)
    assert status == 303
    code = await scanned(issuing, letter, tmp_path)
    await until_shown(checking, code, "Sah Surat ini diterbitkan oleh")
    checking.link.cut()
    assert await by_command(checking, code) == (0, "sah")
    assert "Rusak" in await shown(checking, code[:-1] + ("0" if code[-1] != "0" else "1"))
    checking.link.mend()

    issuing.link.cut()
    await issuing.clerk.send(f"/letters/{letter}/void", [("reason", "salah nama")])
    assert "Dicabut" in await shown(issuing, code), "here at once, whatever the cable does"
    assert "Sah" in await shown(checking, code)
    issuing.link.mend()
    await until_shown(checking, code, "Dicabut")
    exit_code, said = await by_command(checking, code)
    assert (exit_code, "not to be accepted: dicabut" in said) == (1, True)


@needs_zbar
@pytest.mark.parametrize("town", [2], indirect=True)
async def test_a_stolen_server_seals_no_more_letters(town: Town, tmp_path: Path) -> None:
    stolen, checking = town.boxes
    resident = await stolen.clerk.register(town.free[0])
    _, letter = await stolen.clerk.issue_at_once(resident)
    code = await scanned(stolen, letter, tmp_path)
    await until_shown(checking, code, "Sah Surat ini diterbitkan oleh")
    await town.centre.program.command("revoke", stolen.village, "1")
    await until_shown(checking, code, "Dicabut Kunci server")
