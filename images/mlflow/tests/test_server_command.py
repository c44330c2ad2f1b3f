"""What the server process takes for granted of MLflow's command line and of uvicorn's."""

import inspect
import re
import unittest
from pathlib import Path
from unittest import mock

import mlflow.server
import uvicorn
from mlflow.server import constants, handlers

from mlflow_aspire.server import mlflow_command, start


class MlflowCommandTest(unittest.TestCase):
    def test_mlflow_starts_its_server_in_one_place(self) -> None:
        source = inspect.getsource(mlflow.server._run_server)
        self.assertEqual(source.count("_exec_cmd("), 1)
        self.assertEqual(set(re.findall(r"server_proc\.(\w+)", source)), {"poll", "send_signal", "pid", "wait"})
        self.assertRegex(source, r"server_proc = _exec_cmd\(\s*full_command,\s*extra_env=env_map,\s*capture_output=False,\s*synchronous=False,\s*\)")

    def test_what_is_read_at_import_is_set_before(self) -> None:
        self.assertEqual(
            mlflow_command.IMPORTED_SETTINGS,
            {"MLFLOW_STATIC_PREFIX": handlers.STATIC_PREFIX_ENV_VAR, "MLFLOW_EXPOSE_PROMETHEUS": constants.PROMETHEUS_EXPORTER_ENV_VAR},
        )
        # Statements of the module itself, and of what it calls for the paths of its routes.
        read = re.findall(r"^(?:if |is_running_as_server|    or ).*os\.environ\.get\((\w+)\)", Path(mlflow.server.__file__).read_text(), re.MULTILINE)
        self.assertEqual(set(read), {"PROMETHEUS_EXPORTER_ENV_VAR", "BACKEND_STORE_URI_ENV_VAR", "SERVE_ARTIFACTS_ENV_VAR"})

    def test_the_process_is_this_one(self) -> None:
        process = mlflow_command.ThisProcess([], mock.sentinel.settings)
        self.assertEqual((process.pid, process.poll()), (__import__("os").getpid(), None))


class UvicornOptionsTest(unittest.TestCase):
    def test_they_are_those_of_mlflows_command_line(self) -> None:
        command = mlflow.server._build_uvicorn_command("--timeout-keep-alive 7 --header x:y", "0.0.0.0", 5000, 3, "mlflow.server.auth:create_app", None, True)
        options = start.uvicorn_options(command)
        self.assertEqual(
            {name: options[name] for name in ("host", "port", "workers", "app", "factory", "timeout_keep_alive", "headers")},
            {
                "host": "0.0.0.0",
                "port": 5000,
                "workers": 3,
                "app": "mlflow.server.auth:create_app",
                "factory": True,
                "timeout_keep_alive": 7,
                "headers": [["x", "y"]],
            },
        )
        uvicorn.Config(**options)


class WorkerTest(unittest.TestCase):
    def test_uvicorns_worker_of_gunicorn_is_what_ours_completes(self) -> None:
        from uvicorn.workers import UvicornWorker

        source = inspect.getsource(UvicornWorker)
        self.assertEqual(set(re.findall(r"self\.(_serve|_install_sigquit_handler|wsgi|sockets)\b", source)), {"_serve", "_install_sigquit_handler", "wsgi", "sockets"})
        self.assertIn("config_kwargs.update(self.CONFIG_KWARGS)", source)

    def test_the_two_steps_of_instrumentation_are_all_of_it(self) -> None:
        from opentelemetry.instrumentation import auto_instrumentation
        from opentelemetry.instrumentation.auto_instrumentation import _load
        from opentelemetry.sdk import _configuration

        # What `opentelemetry-instrument` does in one step; gevent is not used here.
        source = inspect.getsource(auto_instrumentation._initialize)
        self.assertEqual(re.findall(r"(_load_\w+|distro\.\w+)\(", source), ["_load_distro", "distro.configure", "_load_configurators", "_load_instrumentors"])
        # The configurators get a version and nothing else. There is one, which takes a sampler and attributes as well.
        self.assertIn(".configure(auto_instrumentation_version=__version__)", inspect.getsource(_load._load_configurators))
        self.assertLessEqual({"sampler", "resource_attributes"}, set(inspect.signature(_configuration._initialize_components).parameters))


if __name__ == "__main__":
    unittest.main()
