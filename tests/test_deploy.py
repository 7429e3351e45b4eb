"""The example settings are read by the programs' own loaders, and every key of theirs is explained to operators."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from agent import config as agent_config
from central import config as central_config

ROOT = Path(__file__).parents[1]


def test_the_example_settings_of_a_village_are_good() -> None:
    settings = agent_config.load(ROOT / "deploy/agent.toml")
    assert settings.home.name == "Sukojati"
    assert settings.numbering().kode_instansi == "429.508.03"


def test_the_example_settings_of_the_centre_are_good() -> None:
    assert central_config.load(ROOT / "deploy/central.toml").database.name == "centre.db"


def test_the_public_pages_are_opened_by_the_lines_that_the_example_comments_out(tmp_path: Path) -> None:
    lines = (ROOT / "deploy/central.toml").read_text().partition("# [public]")
    opened = tmp_path / "central.toml"
    opened.write_text(lines[0] + "[public]" + lines[2].replace("\n# ", "\n"))
    assert central_config.load(opened).public == central_config.Public(is_proxied=True)
    assert central_config.load(ROOT / "deploy/central.toml").public is None


NAMES = {"workflow.kinds": "KIND", "delegates": "LOGIN"}
"""What stands in the document for the name that an office gives to a table."""


def keys(kind: type[msgspec.Struct], prefix: str = "") -> list[str]:
    found = []
    for field in msgspec.structs.fields(kind):
        name = prefix + field.name
        inside = [each for each in (field.type, *get_args(field.type)) if isinstance(each, type)]
        struct = next((each for each in inside if issubclass(each, msgspec.Struct)), None)
        if struct is None:
            found.append(name)
        else:
            found += keys(struct, f"{name}.{NAMES[name]}." if name in NAMES else f"{name}.")
    return found


@pytest.mark.parametrize("key", sorted({*keys(agent_config.AgentSettings), *keys(central_config.CentralSettings)}))
def test_every_key_is_explained(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs/operating.md").read_text("utf-8")
