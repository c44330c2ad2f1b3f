"""A provider of OpenID Connect beside the servers: the one of the tests."""

import json
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from docker import Container, docker
from stack import LOAD_CORE, Stack, answers, until

_SOURCE = Path(__file__).parent.parent / "MlflowAspire.Tests/SignIn/Servers/oidc"
_ISSUER = "http://oidc:8080/"

SETTINGS = {
    "MLFLOW_APP_NAME": "oidc-auth",
    "OIDC_DISCOVERY_URL": f"{_ISSUER}.well-known/openid-configuration",
    "OIDC_ISSUER": _ISSUER,
    "OIDC_CLIENT_ID": "mlflow",
    "OIDC_CLIENT_SECRET": "unused by machines",
    "OIDC_AUDIENCE": "mlflow",
    "OIDC_GROUPS_ATTRIBUTE": "groups",
    "OIDC_GROUP_NAME": "mlflow",
    "OIDC_ADMIN_GROUP_NAME": "mlflow-admin",
    "OIDC_USERNAME_FIELD": "email",
    "OIDC_PROVISION_ON_BEARER_AUTH": "true",
    "OIDC_TRUST_BEARER_GROUP_CLAIMS": "true",
    "DEFAULT_MLFLOW_PERMISSION": "MANAGE",
}


def start(stack: Stack) -> Container:
    subprocess.run(["npm", "ci", "--prefix", str(_SOURCE), "--no-audit", "--no-fund", "--silent"], check=True)
    image = docker("build", "--quiet", str(_SOURCE))
    options = ["--network", stack.id, "--network-alias", "oidc", "--cpuset-cpus", LOAD_CORE, "--publish", "127.0.0.1::8080"]
    provider = Container(f"{stack.id}-oidc", image, options, {"PORT": "8080", "ISSUER": _ISSUER})
    stack.keep(provider)
    until(lambda: answers(f"{_address(provider)}/.well-known/openid-configuration"), "the provider", provider)
    return provider


def headers(provider: Container) -> dict[str, str]:
    """What a machine of the group of users sends."""
    claims = {"aud": "mlflow", "sub": "bench", "email": "bench@example.com", "groups": ["mlflow"]}
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "claims": json.dumps(claims)})
    with urllib.request.urlopen(f"{_address(provider)}/token", form.encode(), timeout=30) as answer:
        return {"Authorization": f"Bearer {json.load(answer)['access_token']}"}


def _address(provider: Container) -> str:
    return "http://" + docker("port", provider.name, "8080").splitlines()[0]
