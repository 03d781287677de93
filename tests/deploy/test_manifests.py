"""Everything under deploy/ that Python can judge: schemas, names, command lines, ports, secrets."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from django.core.management import get_commands, load_command_class
from granian.cli import cli as granian

from config import container
from tests.architecture.test_docs import settings_read

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
VERSIONS = ("1.28", "1.37")
"""Of Kubernetes: an old one that is still met, and the newest of the schemas."""
OUR_IMAGE = re.compile(r"^(\$\{TOCSIN_IMAGE:-)?tocsin\b")
OTHERS = frozenset({"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "SITE_ADDRESS"})
"""Variables that are not Tocsin's: of Python, and of the proxy."""
SECRET = frozenset(
    {
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "DATABASE_URL",
        "TELEGRAM_BOT_TOKEN",
        "EMAIL_URL",
        "SENTRY_DSN",
        "METRICS_TOKEN",
        "HEARTBEAT_URL",
        "OUTBOUND_PROXY",
    }
)
LEFT_OUT = frozenset({"sandbox", "bench", "tests", "docs", "deploy", "bin"})


def documents(*paths: Path) -> Iterator[dict[str, Any]]:
    for path in paths or MANIFESTS:
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document["kind"] != "Kustomization":
                yield document


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return read


def our_services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = compose()["services"]
    return {
        name: service for name, service in services.items() if OUR_IMAGE.match(service["image"])
    }


def pods() -> dict[str, dict[str, Any]]:
    """Pod specs, by the name of what makes them."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in documents()
        if one["kind"] in ("Deployment", "Job")
    }


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def image() -> dict[str, str]:
    """The instructions of the image's last stage that occur once, and its ENV."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    last = text[text.rindex("\nFROM ") :]
    found = dict(re.findall(r"^([A-Z]+) (.+)$", last, re.MULTILINE))
    found.update(re.findall(r"([A-Z_]+)=(\S+)", re.search(r"^ENV (.+)$", last, re.MULTILINE)[1]))  # type: ignore[index]  # there is one
    return found


def command_lines() -> dict[str, list[str]]:
    """What our image is told to do, wherever."""
    lines = {f"compose {name}": service["command"] for name, service in our_services().items()}
    for name, pod in pods().items():
        lines |= {f"{name} {one['name']}": one["args"] for one in containers(pod)}
    lines["image"] = json.loads(image()["CMD"])
    return lines


# --- schemas ---


def test_there_is_what_is_judged() -> None:
    assert set(pods()) == {"tocsin-migrate", "tocsin-web", "tocsin-worker"}
    assert set(our_services()) == {"web", "worker", "migrate"}
    kinds = {document["kind"] for document in documents()}
    assert kinds >= {"Service", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "ConfigMap"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(version: str) -> None:
    for document in documents():
        kubernetes_validate.validate(document, version, strict=True)


def test_what_a_manifest_must_not_say_is_noticed() -> None:
    (service,) = (one for one in documents() if one["kind"] == "Service")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service | {"spec": {"prots": []}}, VERSIONS[0], strict=True)


def test_the_compose_file_is_valid() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose(), json.loads(schema.read_text(encoding="utf-8")))


def test_the_containerfile_has_nothing_that_hadolint_minds() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    said = subprocess.run(
        [hadolint, DEPLOY / "Containerfile"],
        check=False,  # the assertion shows what it said
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("overlay", ["base", "examples"])
def test_a_kustomization_names_files_that_are_there(overlay: str) -> None:
    folder = DEPLOY / "kubernetes" / overlay
    named = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert [name for name in named if not (folder / name).exists()] == []
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert there <= set(named)


# --- names ---


def test_every_variable_is_a_setting() -> None:
    named = {name for service in our_services().values() for name in service["environment"]}
    named |= set(next(one for one in documents() if one["kind"] == "ConfigMap")["data"])
    named |= set(
        re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE)
    )
    named |= set(re.findall(r"\b([A-Z_]+)=", image()["ENV"]))
    known = settings_read() | OTHERS
    assert {name for name in named - known if name.removesuffix("_FILE") not in known} == set()


@pytest.mark.parametrize("where", command_lines())
def test_every_command_line_is_understood(where: str) -> None:
    role, *rest = command_lines()[where]
    environ = {name: value for name, value in image().items() if name in settings_read()}
    line = container.arguments(role, rest, environ)
    if role == "web":
        assert line[1:3] == ["-m", "granian"]
        granian.make_context("granian", line[3:])
        return
    command, *options = line[2:]
    assert get_commands().get(command) is not None
    parser = load_command_class(get_commands()[command], command).create_parser("", command)
    parser.parse_args(options)


def test_the_port_is_the_same_everywhere() -> None:
    port = image()["PORT"]
    assert image()["EXPOSE"] == port
    assert our_services()["web"]["expose"] == [port]
    assert f"port {port}\n" in (DEPLOY / "proxies" / "Caddyfile").read_text()
    (web,) = pods()["tocsin-web"]["containers"]
    ((name, number),) = ((one["name"], one["containerPort"]) for one in web["ports"])
    assert str(number) == port
    probes = [web[probe] for probe in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {probe["httpGet"]["port"] for probe in probes} == {name}
    (service,) = (one for one in documents() if one["kind"] == "Service")
    assert service["spec"]["ports"][0]["targetPort"] == name
    policy = next(
        one
        for one in documents()
        if one["metadata"]["name"] == "tocsin-web" and one["kind"] == "NetworkPolicy"
    )
    assert policy["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": number}]


def test_selectors_meet_the_pods_they_mean() -> None:
    labels = {
        one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"]
        for one in documents()
        if one["kind"] in ("Deployment", "Job")
    }
    for one in documents():
        spec = one.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        if selector is None:
            continue
        wanted = selector.get("matchLabels", selector)
        met = {name for name, has in labels.items() if wanted.items() <= has.items()}
        own = one["metadata"]["name"]
        assert met == ({own} if own in labels else set(labels)), one


# --- secrets and rights ---


def test_no_secret_stands_in_plain_text() -> None:
    for name, service in our_services().items():
        assert set(service["environment"]) & SECRET == set(), name
    assert set(next(one for one in documents() if one["kind"] == "ConfigMap")["data"]) & SECRET == (
        set()
    )
    for path in (
        path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts
    ):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\w+://[\w.-]+:[^@\s$(]+@", text), path
        assert not re.search(r"[A-Za-z0-9+/_-]{40,}=*\s*$", text, re.MULTILINE), path
        assert not re.search(r"\b\d{8,10}:[A-Za-z0-9_-]{30,}", text), path
    assert not [one for one in documents() if one["kind"] == "Secret"]


@pytest.mark.parametrize("name", pods())
def test_pods_are_restricted(name: str) -> None:
    """As Kubernetes' "restricted" standard asks, and without a way to write."""
    pod = pods()[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    user = str(pod["securityContext"]["runAsUser"])
    assert image()["USER"] == f"{user}:{user}"
    for one in containers(pod):
        rights = one["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(one["resources"]["requests"])
        assert {mount["mountPath"] for mount in one["volumeMounts"]} >= {"/tmp"}


def test_compose_gives_no_more_rights_and_publishes_the_proxy_alone() -> None:
    for name, service in our_services().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
    published = {name for name, service in compose()["services"].items() if "ports" in service}
    assert published == {"proxy"}
    assert compose()["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert compose()["services"][name]["networks"] == ["inside"]
        assert "healthcheck" in compose()["services"][name]


# --- stopping ---


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_everybody_is_given_the_time_that_a_worker_takes_to_stop() -> None:
    takes = int(image()["WORKER_STOP_SECONDS"])
    assert takes > 45  # botapi's longest call
    assert seconds(our_services()["worker"]["stop_grace_period"]) > takes
    assert pods()["tocsin-worker"]["terminationGracePeriodSeconds"] > takes


def test_a_web_pod_serves_on_until_nobody_sends_to_it() -> None:
    pod = pods()["tocsin-web"]
    command = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert command[0] == "sleep"
    assert pod["terminationGracePeriodSeconds"] > int(command[1]) + 20


# --- the image ---


def test_the_image_has_every_package_that_the_product_imports() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - LEFT_OUT
    text = (DEPLOY / "Containerfile").read_text()
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert copied == packages | {"templates"}
    allowed = set(
        re.findall(r"^!(.+)$", (DEPLOY / "Containerfile.dockerignore").read_text(), re.MULTILINE)
    )
    assert allowed == copied | {"manage.py", "requirements.txt"}


def test_bases_are_pinned() -> None:
    pins = re.findall(r"image: (docker\.io/\S+)", (DEPLOY / "compose.yaml").read_text())
    pins += re.findall(r"^ARG BASE=(\S+)", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert len(pins) == 4
    assert [pin for pin in pins if not re.search(r":\d+\.\d+", pin)] == []


def test_the_secrets_that_are_made_are_those_that_are_named(tmp_path: Path) -> None:
    made = tmp_path / "secrets"
    subprocess.run([DEPLOY / "make-secrets", made], check=True, capture_output=True, timeout=30)
    assert {path.name for path in made.iterdir()} == set(compose()["secrets"])
    assert made.stat().st_mode & 0o077 == 0
    before = {path.name: path.read_text() for path in made.iterdir()}
    subprocess.run([DEPLOY / "make-secrets", made], check=True, capture_output=True, timeout=30)
    assert {path.name: path.read_text() for path in made.iterdir()} == before
    assert re.fullmatch(r"k1:[\w-]{43}=\n", before["encryption_keys"])
    password = before["database_password"].strip()
    assert before["database_url"].strip() == f"postgres://tocsin:{password}@postgres:5432/tocsin"
