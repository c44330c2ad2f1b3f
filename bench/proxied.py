"""Several servers behind a proxy that takes them in turn, as an ingress does. They are measured as one."""

from pathlib import Path

from docker import Container, docker
from stack import LOAD_CORE, Server, Stack

# The image with the proxy of the tests.
_IMAGE = Path(__file__).parent.parent / "MlflowAspire.Tests/Image/Servers/neighbours"
_SETTINGS = """defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend mlflow
    bind :5000
    default_backend replicas
backend replicas
    balance roundrobin
"""


class Proxied(Server):
    def __init__(self, stack: Stack, name: str, replicas: list[Server]) -> None:
        self._replicas = replicas
        for replica in replicas:
            replica.healthy()
        settings = _SETTINGS + "".join(f"    server replica-{number} {replica.name}:5000\n" for number, replica in enumerate(replicas))
        command = ["sh", "-c", f"printf '%s' '{settings}' > /tmp/proxy.cfg && exec haproxy -f /tmp/proxy.cfg"]
        options = ["--network", stack.id, "--cpuset-cpus", LOAD_CORE, "--publish", "127.0.0.1::5000"]
        Container.__init__(self, f"{stack.id}-{name.replace(' ', '-')}-proxy", docker("build", "--quiet", str(_IMAGE)), options, command=command)
        self.address = self._address()
        stack.keep(self)

    def cpu(self) -> float:
        return super().cpu() + sum(replica.cpu() for replica in self._replicas)

    def logs(self) -> str:
        return "\n".join([super().logs(), *(replica.logs() for replica in self._replicas)])

    def pause(self) -> None:
        super().pause()
        for replica in self._replicas:
            replica.pause()

    def resume(self) -> None:
        for replica in self._replicas:
            replica.resume()
        super().resume()

    def remove(self) -> None:
        super().remove()
        for replica in self._replicas:
            replica.remove()
