"""What is measured: servers of several settings, each on the first core, beside one PostgreSQL and one Azurite on the second, where the load comes from too."""

import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from docker import Container, docker

POSTGRES = "docker.io/library/postgres:17.6"
AZURITE = "mcr.microsoft.com/azure-storage/azurite:3.35.0"
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONNECTION_STRING = f"AccountName={_ACCOUNT};AccountKey={_KEY};BlobEndpoint=http://{{host}}:10000/{_ACCOUNT};"
SERVER_CORE, LOAD_CORE = "0", "1"

# As MLflow's guide deploys it: its own number of workers and its job runner, by its own command, in the image that ours is made from.
GUIDE = {"MLFLOW_WORKERS": "4", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "true"}
PRODUCT = {"MLFLOW_WORKERS": "1", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}

# The guide's setting is killed for memory within a minute at 2 GiB.
MEMORY = {"guide": "4g"}


class Stack:
    def __init__(self) -> None:
        self.id = f"mlflow-bench-{os.getpid()}"
        self.image = docker("build", "--quiet", str(Path(__file__).parent.parent / "images/mlflow"))
        self._secret = secrets.token_urlsafe(24)
        self._servers: list[Server] = []
        self._beside: list[Container] = []

    def start(self) -> None:
        docker("network", "create", self.id)
        beside = ["--network", self.id, "--cpuset-cpus", LOAD_CORE, "--memory", "2g"]
        self.postgres = Container(
            f"{self.id}-db", POSTGRES, [*beside, "--network-alias", "db", "--shm-size", "256m"], {"POSTGRES_PASSWORD": self._secret}, ["-c", "max_connections=200"]
        )
        self._beside.append(self.postgres)
        self._beside.append(Container(
            f"{self.id}-blobs", AZURITE, [*beside, "--network-alias", "blobs"],
            command=["azurite", "--blobHost", "0.0.0.0", "--skipApiVersionCheck", "--silent"],
        ))  # fmt: skip
        until(lambda: docker("exec", self.postgres.name, "psql", "-U", "postgres", "-Atqc", "SELECT 1", check=False) == "1", "PostgreSQL", self.postgres)
        time.sleep(2)  # The image starts it twice.
        self._client = Container(f"{self.id}-client", self.image, ["--network", self.id, "--cpuset-cpus", LOAD_CORE, "--entrypoint", "sleep"], command=["infinity"])
        self._beside.append(self._client)
        self.python("from azure.storage.blob import BlobServiceClient as B; B.from_connection_string(C).create_container('artifacts')")

    def sql(self, statement: str, database: str = "postgres") -> str:
        return docker("exec", self.postgres.name, "psql", "-U", "postgres", "-d", database, "-Atqc", statement)

    @contextmanager
    def lock(self, table: str, database: str, seconds: int) -> Iterator[None]:
        """Nobody else reads the table for so long."""
        command = ["docker", "exec", "--interactive", self.postgres.name, "psql", "-U", "postgres", "-d", database, "-Atq", "-v", "ON_ERROR_STOP=1"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as psql:
            assert psql.stdin is not None and psql.stdout is not None
            with psql.stdin as statements:
                statements.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'locked'; SELECT pg_sleep({seconds}); COMMIT;")
            if psql.stdout.readline() != "locked\n":
                raise RuntimeError(f"{table} of {database} cannot be locked")
            yield

    def python(self, code: str) -> str:
        """Runs Python of the image in the network, beside PostgreSQL; C is the connection string of Azurite."""
        connection = CONNECTION_STRING.format(host="blobs")
        return self._client.run("python", "-", text=f"C = {connection!r}\n{code}")

    def database(self, name: str, migrated: bool = True) -> None:
        self.sql(f'CREATE DATABASE "{name}"')
        if migrated:
            self.migrate(name)

    def migrate(self, database: str, settings: Mapping[str, str] = {}) -> float:
        """The seconds of the step that comes before the product's first start."""
        began = time.monotonic()
        docker("run", "--rm", "--network", self.id, "--cpuset-cpus", SERVER_CORE, *flags(self.environment(database) | dict(settings)), self.image, "migrate")
        return time.monotonic() - began

    def environment(self, database: str) -> dict[str, str]:
        return {
            "PGUSER": "postgres",
            "PGPASSWORD": self._secret,
            "MLFLOW_BACKEND_STORE_URI": f"postgresql+psycopg2://db:5432/{database}",
            "MLFLOW_ARTIFACTS_DESTINATION": f"wasbs://artifacts@{_ACCOUNT}.blob.core.windows.net",
            "AZURE_STORAGE_CONNECTION_STRING": CONNECTION_STRING.format(host="blobs"),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": self._secret,
            "MLFLOW_CRYPTO_KEK_PASSPHRASE": self._secret,
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "MLFLOW_SERVER_ALLOWED_HOSTS": "*",
        }

    def server(self, name: str, database: str, settings: dict[str, str], cores: str = SERVER_CORE) -> "Server":
        server = Server(self, name, self.environment(database) | settings, MEMORY.get(name.split()[0], "2g"), cores)
        self._servers.append(server)
        return server

    def keep(self, container: Container) -> None:
        """Removes it with the stack."""
        self._beside.append(container)

    def containers(self) -> list[Container]:
        """All that have been started and not removed."""
        return [container for container in (*self._servers, *self._beside) if not container.removed]

    def remove(self) -> None:
        for container in (*self._servers, *self._beside):
            container.remove()
        docker("network", "rm", self.id, check=False)


class Server(Container):
    """A server whose name begins with "guide" is run by MLflow's own command, any other one by the image's."""

    def __init__(self, stack: Stack, name: str, environment: dict[str, str], memory: str, cores: str) -> None:
        guide = name.startswith("guide")
        options = ["--network", stack.id, "--cpuset-cpus", cores, "--memory", memory, "--memory-swap", memory, "--publish", "127.0.0.1::5000", "--tmpfs", "/tmp"]
        command = ["mlflow", "server"] if guide else []
        if guide and environment.pop("MLFLOW_APP_NAME", None):
            # What the image makes of the variables of the product.
            environment["MLFLOW_AUTH_CONFIG_PATH"] = "/tmp/auth.ini"
            lines = "\\n".join(["[mlflow]", f"database_uri = {environment['MLFLOW_AUTH_DATABASE_URI']}", "default_permission = READ", "admin_username = admin"])
            command = ["sh", "-c", f"printf '{lines}\\n' > /tmp/auth.ini && exec mlflow server --app-name basic-auth"]
        super().__init__(f"{stack.id}-{name.replace(' ', '-')}", stack.image, options, environment, command)
        self.address = self._address()

    def _address(self) -> str:
        return "http://" + docker("port", self.name, "5000").splitlines()[0]

    def restart(self) -> None:
        super().restart()
        self.address = self._address()

    def healthy(self) -> float:
        """Waits for the first answer and gives the seconds since the container was asked for."""
        until(lambda: answers(f"{self.address}/health"), "the server", self, pause=0.02)
        return time.monotonic() - self.began

    def settle(self) -> None:
        """Waits until it has used no CPU to speak of for three seconds, and its first calls are behind it."""
        for _ in range(20):
            answers(f"{self.address}/api/2.0/mlflow/experiments/search?max_results=1")
        end = time.monotonic() + 120
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(3)
            if self.cpu() - before < 0.15:
                return
        raise RuntimeError(f"{self.name} does not come to rest\n{self.logs()}")

    def memory(self) -> float:
        """MiB of all its processes, shared pages counted once."""
        return self._memory()[0]

    def peak(self) -> float:
        """MiB that its processes have had at most, each by itself."""
        return self._memory()[1]

    def _memory(self) -> list[float]:
        return [float(figure) for figure in self.run("python", "-", text=Path(__file__).with_name("memory.py").read_text()).split()]


def flags(environment: dict[str, str]) -> list[str]:
    return [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def until(happens: Callable[[], bool], what: str, container: Container, pause: float = 0.2) -> None:
    end = time.monotonic() + 300
    while not happens():
        if time.monotonic() > end or not container.runs():
            raise RuntimeError(f"{what} does not answer\n{container.logs()}")
        time.sleep(pause)


def on_load_core(*command: str) -> str:
    result = subprocess.run(["taskset", "--cpu-list", LOAD_CORE, *command], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{command[0]}: {result.stderr}")
    return result.stdout
