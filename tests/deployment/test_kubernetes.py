"""deployment/kubernetes: what is applied fits together, and each process gets what it requires.

The Kubernetes schemas themselves are no part of the locked dependencies; the files were checked
against those of 1.37 with kubernetes-validate.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

import worker
from local_stack.processes import PROJECT
from settings import PREFIX, Settings
from starter import services
from starter.commands import serving
from starter.commands.operations import TEMPORAL_SETTINGS
from tests.deployment.stage import LISTENING
from webhook_bridge import __main__ as bridge

FOLDER = PROJECT / "deployment" / "kubernetes"
# Made by hand, as docs/operations.md says.
SECRETS = {
    *("payments", "payments-owner", "payments-keysets", "payments-temporal-tls"),
    *("payments-codec-tls", "payments-codec-users"),
}
DRAIN_SECONDS = {
    "api": serving.DRAIN.total_seconds(),
    "codec-server": serving.DRAIN.total_seconds(),
    "bridge": 2 * bridge.DRAIN.total_seconds(),
    "worker-payments": worker.GRACE.total_seconds(),
    "worker-documents": worker.GRACE.total_seconds(),
}
REQUIRED = {
    "api": services.REQUIRED,
    "codec-server": services.REQUIRED,
    "bridge": ("keyset_temporal", "midtrans_server_key"),
    "worker-payments": worker.REQUIRED,
    "worker-documents": worker.REQUIRED,
    "migrate": ("database_url",),
    "schedules": ("keyset_temporal",),
}


def resources() -> Iterator[dict[str, Any]]:
    for folder in (FOLDER, FOLDER / "workers"):
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        for name in kustomization["resources"]:
            yield from yaml.safe_load_all((folder / name).read_text())


RESOURCES = list(resources())
CONFIGURATION: Mapping[str, str] = next(
    each["data"] for each in RESOURCES if each["kind"] == "ConfigMap"
)
WORKLOADS = {
    each["metadata"]["name"]: each for each in RESOURCES if each["kind"] in {"Deployment", "Job"}
}
each_workload = pytest.mark.parametrize("name", WORKLOADS)
each_deployment = pytest.mark.parametrize("name", LISTENING)


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = WORKLOADS[name]["spec"]["template"]["spec"]
    return spec


def container(name: str) -> dict[str, Any]:
    [only] = pod(name)["containers"]
    found: dict[str, Any] = only
    return found


def environment(name: str) -> dict[str, str]:
    """What the container is told; what comes from a secret is named in angle brackets."""
    told = {
        each["name"]: each.get("value", "<elsewhere>") for each in container(name).get("env", ())
    }
    assert container(name)["envFrom"] == [{"configMapRef": {"name": "payments"}}]
    return {**CONFIGURATION, **told}


def test_every_process_is_there() -> None:
    assert WORKLOADS.keys() == REQUIRED.keys()


@each_workload
def test_every_setting_that_is_given_exists(name: str) -> None:
    ours = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}

    assert environment(name).keys() <= ours | TEMPORAL_SETTINGS.keys()


@each_workload
def test_every_process_is_told_all_that_it_requires(name: str) -> None:
    required = {f"{PREFIX}{field.upper()}" for field in REQUIRED[name]}

    assert environment(name).keys() >= required


@each_workload
def test_every_file_that_is_named_is_mounted_from_something_known(name: str) -> None:
    mounts = {mount["name"]: mount["mountPath"] for mount in container(name)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(name)["volumes"]}
    paths = {value for value in environment(name).values() if value.startswith("/run/")}
    if name != "codec-server":
        paths = {path for path in paths if "codec" not in path}

    assert mounts.keys() == volumes.keys()
    assert all(any(path.startswith(f"{at}/") for at in mounts.values()) for path in paths), paths
    assert {each["secret"]["secretName"] for each in volumes.values() if "secret" in each} <= (
        SECRETS
    )


@each_workload
def test_every_container_is_contained(name: str) -> None:
    spec, only = pod(name), container(name)

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert only["resources"]["limits"]["memory"]


@each_deployment
def test_probes_ask_where_the_process_listens(name: str) -> None:
    setting, usual = LISTENING[name]
    listens = int(environment(name).get(setting, usual))
    host = environment(name)[setting.replace("_PORT", "_HOST")]
    ports = {port["name"]: port["containerPort"] for port in container(name)["ports"]}
    by_tls = "PAYMENTS_CODEC_TLS_CERT" in environment(name)

    assert host == "0.0.0.0"  # noqa: S104 -- inside the pod
    for probe, path in (("liveness", "/livez"), ("readiness", "/readyz"), ("startup", "/livez")):
        asked = container(name)[f"{probe}Probe"]["httpGet"]
        assert (asked["path"], ports[asked["port"]]) == (path, listens)
        assert asked.get("scheme", "HTTP") == ("HTTPS" if by_tls else "HTTP")


@each_deployment
def test_a_pod_is_given_longer_to_stop_than_it_takes(name: str) -> None:
    lingers = float(environment(name).get("PAYMENTS_LINGER_SECONDS", 0))

    assert pod(name)["terminationGracePeriodSeconds"] > lingers + DRAIN_SECONDS[name]
    assert lingers > 0 or name.startswith("worker-")


def test_every_address_behind_the_ingress_leads_to_a_port_of_a_pod() -> None:
    offered = {
        each["metadata"]["name"]: {
            port["name"]: port["targetPort"] for port in each["spec"]["ports"]
        }
        for each in RESOURCES
        if each["kind"] == "Service"
    }
    asked = [
        path["backend"]["service"]
        for each in RESOURCES
        if each["kind"] == "Ingress"
        for rule in each["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]

    assert asked
    for backend in asked:
        target = offered[backend["name"]][backend["port"]["name"]]
        assert target in {port["name"] for port in container(backend["name"])["ports"]}


def test_a_build_names_itself_alike_everywhere() -> None:
    told = yaml.safe_load((FOLDER / "workers" / "kustomization.yaml").read_text())
    [label] = told["labels"]
    build = label["pairs"]["app.kubernetes.io/version"]

    assert told["nameSuffix"] == f"-{build}"
    assert told["images"][0]["newTag"] == build
    for name in ("worker-payments", "worker-documents"):
        [told_build] = [
            each["valueFrom"]["fieldRef"]["fieldPath"]
            for each in container(name)["env"]
            if each["name"] == "TEMPORAL_WORKER_BUILD_ID"
        ]
        assert told_build == "metadata.labels['app.kubernetes.io/version']"


def test_secrets_are_named_in_the_runbook() -> None:
    runbook = (PROJECT / "docs" / "operations.md").read_text()

    assert {name for name in SECRETS | {"payments-database-ca"} if name not in runbook} == set()
