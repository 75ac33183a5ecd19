"""docker-compose.yml: what Compose would refuse, and what it would run unsafely."""

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import pytest

import worker
from deployment.certificates import HOLDERS
from local_stack.processes import PROJECT
from settings import PREFIX, Settings
from starter import services as starter_services
from starter.commands import serving
from starter.commands.operations import TEMPORAL_SETTINGS
from tests.deployment.compose import (
    SCHEMA_FILE,
    Service,
    document,
    explained,
    interpolated,
    services,
)
from webhook_bridge import __main__ as bridge

OWNERS_PASSWORD = "the password of the owner of the tables"
FILLED_IN = {name: value or "made-up" for name, value in explained().items()}
FILLED_IN["PAYMENTS_OWNER_PASSWORD"] = OWNERS_PASSWORD
SERVICES = services(FILLED_IN)
OURS = [service for service in SERVICES.values() if service.is_ours]
WORKERS = [service for service in OURS if service.name.startswith("worker-")]
PREVIOUS = {"worker-payments-previous", "worker-documents-previous"}


def the(service: Service) -> str:
    return service.name


each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=the)
each_of_ours = pytest.mark.parametrize("service", OURS, ids=the)
each_worker = pytest.mark.parametrize("service", WORKERS, ids=the)


def test_the_file_is_what_the_compose_specification_allows() -> None:
    schema = json.loads(SCHEMA_FILE.read_text())

    errors = jsonschema_rs.validator_for(schema).iter_errors(document())

    assert [f"{error.instance_path}: {error.message}" for error in errors] == []


def test_every_variable_is_explained_and_none_is_explained_in_vain() -> None:
    assert explained().keys() == interpolated()


@each_of_ours
def test_every_setting_that_is_given_exists(service: Service) -> None:
    ours = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}

    assert service.environment.keys() <= ours | TEMPORAL_SETTINGS.keys()


@each_service
def test_every_service_is_contained(service: Service) -> None:
    told = service.told

    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert told["logging"]["options"].keys() == {"max-size", "max-file"}
    assert told["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory"}
    assert told["read_only"] or service.name in {"temporal-ui", "mail-relay"}
    assert service.is_ours or re.search(r":v?\d+\.\d", told["image"]), "the tag is not pinned"
    assert service.name == "certificates" or not str(told.get("user", "")).startswith("0")


@each_service
def test_a_service_starts_again_by_itself_but_a_job_that_failed_five_times(
    service: Service,
) -> None:
    expected = {"operator": "no"}
    jobs = {"certificates", "temporal-schema", "temporal-namespace", "migrate", "grants"}
    jobs |= {"schedules", "promote"}

    assert service.is_a_job == (service.name in jobs)
    assert service.told["restart"] == expected.get(
        service.name, "on-failure:5" if service.name in jobs else "unless-stopped"
    )


@each_service
def test_whom_a_service_waits_for_can_tell_that_it_is_there(service: Service) -> None:
    for name, condition in service.told.get("depends_on", {}).items():
        awaited = SERVICES[name]
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in awaited.told, name
        else:
            assert condition["condition"] == "service_completed_successfully"
            assert awaited.is_a_job, name


@each_service
def test_every_file_that_is_mounted_is_in_the_repository(service: Service) -> None:
    assert [path for path in service.mounted_files if not (PROJECT / path).exists()] == []


def test_the_proxy_alone_is_reached_from_outside_and_few_reach_out() -> None:
    networks = document()["networks"]
    assert {name for name, told in networks.items() if not told.get("internal")} == {"outside"}

    published = {name for name, service in SERVICES.items() if "ports" in service.told}
    outgoing = {name for name, service in SERVICES.items() if "outside" in service.networks}

    assert published == {"proxy"}
    assert outgoing == {
        *("proxy", "mail-relay", "operator"),
        *("worker-payments", "worker-payments-previous"),
    }


@pytest.mark.parametrize(
    "service", [each for each in SERVICES.values() if "_URL" in str(each.environment)], ids=the
)
def test_every_database_and_mail_connection_proves_who_the_server_is(service: Service) -> None:
    database = service.environment.get("PAYMENTS_DATABASE_URL")
    mail = service.environment.get("PAYMENTS_SMTP_URL")

    if database is not None:
        options = parse_qs(urlsplit(database).query)
        assert options == {
            "sslmode": ["verify-full"],
            "sslrootcert": ["/certificates/authority.pem"],
        }
    if mail is not None:
        assert mail.startswith("smtp+starttls://")
        assert service.environment["PAYMENTS_SMTP_CA_FILE"] == "/certificates/authority.pem"


@each_of_ours
def test_whoever_calls_temporal_shows_a_certificate_and_asks_for_one(service: Service) -> None:
    environment = service.environment
    if "TEMPORAL_ADDRESS" not in environment:
        assert service.name == "certificates"
        return

    assert environment["TEMPORAL_TLS_SERVER_CA_CERT_PATH"] == "/certificates/authority.pem"
    assert environment["TEMPORAL_TLS_SERVER_NAME"] == "temporal"
    assert environment["TEMPORAL_TLS_CLIENT_CERT_PATH"]
    assert environment["TEMPORAL_TLS_CLIENT_KEY_PATH"]


def test_every_certificate_that_is_named_is_made_for_the_user_who_shows_it() -> None:
    users = {holder.name: str(holder.user_id) for holder in HOLDERS}
    shown = {
        (service.name, holder)
        for service in SERVICES.values()
        for holder in re.findall(r"/certificates/([a-z-]+)/key\.pem", json.dumps(service.told))
    }

    assert {holder for _, holder in shown} == users.keys()
    for name, holder in shown:
        service = SERVICES[name]
        user = "10001" if service.is_ours else str(service.told.get("user", "0")).split(":")[0]
        assert user == users[holder], name


@each_worker
def test_a_worker_is_told_all_that_it_requires(service: Service) -> None:
    required = {f"{PREFIX}{name.upper()}" for name in worker.REQUIRED}

    assert {name for name, value in service.environment.items() if value} >= required


def test_the_two_queues_of_a_build_have_workers_of_their_own() -> None:
    def queues(names: set[str]) -> list[str]:
        return sorted(str(SERVICES[n].environment["PAYMENTS_TASK_QUEUES"]) for n in names)

    now = {service.name for service in WORKERS} - PREVIOUS

    assert queues(now) == queues(PREVIOUS) == sorted(worker.QUEUES)
    for name in PREVIOUS:
        build = SERVICES[name].environment["TEMPORAL_WORKER_BUILD_ID"]
        assert build is not None
        assert SERVICES[name].told["image"].endswith(f":{build}")
        assert (
            build
            != SERVICES[name.removesuffix("-previous")].environment["TEMPORAL_WORKER_BUILD_ID"]
        )


@pytest.mark.parametrize("name", ["api", "codec-server"])
def test_what_reads_payments_is_told_all_that_it_requires(name: str) -> None:
    required = {f"{PREFIX}{each.upper()}" for each in starter_services.REQUIRED}

    assert SERVICES[name].environment.keys() >= required


def test_the_bridge_holds_nothing_that_reads_the_database() -> None:
    environment = SERVICES["bridge"].environment

    assert not {name for name in environment if "DATABASE" in name or "LOOKUP" in name}
    assert SERVICES["bridge"].told["secrets"] == ["keyset_temporal"]


def test_only_migrations_and_grants_know_the_owner_of_the_tables() -> None:
    knowing = {
        name for name, service in SERVICES.items() if OWNERS_PASSWORD in str(service.environment)
    }

    assert knowing == {"postgres", "migrate", "grants"}


@pytest.mark.parametrize(
    ("name", "drain"),
    [
        *((service.name, worker.GRACE) for service in WORKERS),
        ("bridge", 2 * bridge.DRAIN),
        ("api", serving.DRAIN),
        ("codec-server", serving.DRAIN),
    ],
)
def test_a_service_is_given_longer_to_stop_than_it_takes(name: str, drain: timedelta) -> None:
    assert SERVICES[name].stop_grace_seconds > drain.total_seconds()
