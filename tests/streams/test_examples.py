"""The example files name what there is: settings, pages, ports, roles. That they ask for metrics that exist, a live worker shows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.http.app import PARTS
from streams.settings import load
from streams.settings.model import all_settings
from streams.worker import ROLES

ROOT = Path(__file__).parents[2]
MANIFESTS = [each for each in yaml.safe_load_all((ROOT / "examples/kubernetes.yaml").read_text()) if each]
PAGES = ("/health", "/health/live", "/health/ready")


def containers() -> Iterator[dict[str, Any]]:
    for manifest in MANIFESTS:
        if manifest["kind"] in ("StatefulSet", "Deployment"):
            yield from manifest["spec"]["template"]["spec"]["containers"]


@pytest.mark.parametrize("container", list(containers()), ids=lambda each: each["name"])
def test_a_pod(container: dict[str, Any]) -> None:
    names = {each["name"].removeprefix("GEDRAG_").lower() for each in container["env"]}
    assert names <= set(all_settings())
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    [listens] = [each["value"] for each in container["env"] if each["name"] in ("GEDRAG_WEB", "GEDRAG_SERVE")]
    assert listens == f"0.0.0.0:{ports['web']}"
    assert "metrics_token" in names
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": PAGES[1 if probe == "livenessProbe" else 2], "port": "web"}
    command, *options = container["args"]
    assert command in ("worker", "serve")
    assert {value for option, value in zip(options, options[1:], strict=False) if option == "--role"} <= set(ROLES)
    assert {value for option, value in zip(options, options[1:], strict=False) if option == "--parts"} <= set(PARTS)


def test_every_role_has_a_pod() -> None:
    given = [word for container in containers() for word in container["args"]]
    assert sorted(word for word in given if word in ROLES) == sorted(ROLES)


def test_the_settings_file_of_the_pods_is_read(tmp_path: Path) -> None:
    [config] = [each for each in MANIFESTS if each["kind"] == "ConfigMap"]
    file = tmp_path / "gedrag.toml"
    file.write_text(config["data"]["gedrag.toml"])
    settings = load(file)
    assert {name for name, origin in settings.origins.items() if str(file) in origin} == set(tomllib.loads(file.read_text()))


def test_compose_names_settings_and_pages_that_exist() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    named = {name for service in compose["services"].values() for name in service.get("environment", {}) if name.startswith("GEDRAG_")}
    assert named
    assert {name.removeprefix("GEDRAG_").lower() for name in named} <= set(all_settings())
    checks = " ".join(str(service.get("healthcheck")) for service in compose["services"].values())
    assert {path for path in re.findall(r"/health\w*(?:/\w+)?", checks) if path != "/healthz"} <= set(PAGES)
