"""What this package uses of MLflow and its OpenID Connect plugin that is private to them: each still there, with the parameters that it is called with."""

import ast
import unittest
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import mlflow_aspire

# Module and member, and its parameters; None for what is no function.
MEMBERS = {
    "mlflow.server:_exec_cmd": None,
    "mlflow.server.artifact_router:_content_disposition": "filename",
    "mlflow.server.artifact_router:_get_artifact_repo": "",
    "mlflow.server.artifact_router:_get_workspace_scoped_path": "artifact_path",
    "mlflow.server.artifact_router:_is_serving_proxied_artifacts": "",
    "mlflow.server.auth:_USER_AUTH_CACHE": None,
    "mlflow.server.auth:_USER_AUTH_CACHE_LOCK": None,
    "mlflow.server.auth:_auth_cache_key": "username password",
    "mlflow.server.auth:_authenticate_cached": "username password",
    "mlflow.server.auth:_authenticate_fastapi_request": "request",
    "mlflow.server.auth:_authorize_create_in_experiment_as": "username experiment_id created_type extra",
    "mlflow.server.auth:_authorize_run_id": "run_id action",
    "mlflow.server.auth:_fetch_or_none": "fetch resource_id",
    "mlflow.server.auth:_find_fastapi_validator": "path method",
    "mlflow.server.auth:_is_disabled_legacy_admin_login": "username password user",
    "mlflow.server.fastapi_app:_EfficientWSGIMiddleware": "self app",
    "mlflow.server.handlers:_HANDLER_BLOCKED_TRACE_TAGS": None,
    "mlflow.server.handlers:_add_static_prefix": "route",
    "mlflow.server.handlers:_disable_unless_serve_artifacts": "func",
    "mlflow.server.handlers:_download_artifact": "artifact_path",
    "mlflow.server.handlers:_get_artifact_repo_mlflow_artifacts": "",
    "mlflow.server.handlers:_get_artifact_repository_for_uri": "artifact_uri",
    "mlflow.server.handlers:_get_job_store": "backend_store_uri",
    "mlflow.server.handlers:_get_normalized_request_json": "flask_request",
    "mlflow.server.handlers:_get_request_json": "flask_request",
    "mlflow.server.handlers:_get_tracking_store": "backend_store_uri default_artifact_root",
    "mlflow.server.handlers:_get_workspace_scoped_repo_path_if_enabled": "artifact_path",
    "mlflow.server.handlers:_is_mlflow_artifact_source": "source",
    "mlflow.server.handlers:_response_with_file_attachment_headers": "file_path response",
    "mlflow.server.handlers:_send_artifact": "artifact_repository path",
    "mlflow.server.handlers:_validate_artifact_uri_scheme": "uri field_name",
    "mlflow.server.handlers:_validate_request_json_with_schema": "request_json schema proto_parsing_succeeded",
    "mlflow.server.jobs.utils:_enqueue_unfinished_jobs": "server_launching_timestamp",
    "mlflow.server.jobs.utils:_exec_cmd": None,
    "mlflow.server.jobs.utils:_job_name_to_fn_fullname_map": None,
    "mlflow.server.jobs.utils:_launch_job_runner": "env_map server_proc_pid",
    "mlflow.server.jobs.utils:_load_function": "fullname",
    "mlflow.server.jobs.utils:_start_huey_consumer_proc": "huey_instance_key max_job_parallelism",
    "mlflow.server.jobs.utils:_start_periodic_tasks_consumer_proc": "",
    "mlflow.store.artifact.artifact_repo:ArtifactRepository._download_file": "self remote_file_path local_path",
    "mlflow.store.artifact.artifact_repo:ArtifactRepository._is_directory": "self artifact_path",
    "mlflow.store.artifact.ftp_artifact_repo:FTPArtifactRepository._is_dir": "ftp full_file_path",
    "mlflow.store.artifact.s3_artifact_repo:S3ArtifactRepository._bucket_owner_params": None,
    "mlflow.store.artifact.s3_artifact_repo:S3ArtifactRepository._get_s3_client": "self",
    "mlflow.store.db.utils:_get_managed_session_maker": "SessionMaker db_type",
    "mlflow.store.jobs.sqlalchemy_store:SqlAlchemyJobStore._engine_map": None,
    "mlflow.store.model_registry.sqlalchemy_store:SqlAlchemyStore._engine_map": None,
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._check_run_is_active": "self run",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._engine_map": None,
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_deleted_logged_models": "self older_than",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_deleted_runs": "self older_than",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_eager_experiment_query_options": "",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_eager_run_query_options": "",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_model_inputs": "self run_id session",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_model_outputs": "self run_id session",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_query": "self session model",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_run": "self session run_uuid eager",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._get_run_inputs": "self session run_uuids",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._hard_delete_experiment": "self experiment_id",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._hard_delete_logged_model": "self model_id",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._hard_delete_run": "self run_id",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._log_metrics_once": "self run_id metrics",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._log_params": "self run_id params",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._log_spans_once": "self location spans tracking_uri",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._search_runs": "self experiment_ids filter_string run_view_type max_results order_by page_token",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._select_trace_ids_for_delete": "self session filters lock",
    "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore._set_tags": "self run_id tags",
    "mlflow.store.tracking.sqlalchemy_store:_upsert_batch": "session model_class table rows pk_columns update_columns dialect",
    "mlflow.store.tracking.sqlalchemy_store:_validate_trace_tag": None,
    "mlflow.utils.mime_type_utils:_guess_mime_type": "file_path",
    "mlflow.utils.process:_exec_cmd": "cmd throw_on_error extra_env capture_output synchronous stream_output kwargs",
    "mlflow.utils.search_utils:SearchUtils._parse_order_by_string": "cls order_by",
    "mlflow.utils.validation:_validate_metric": "key value timestamp step path",
    "mlflow.utils.validation:_validate_tag": "key value path",
    "mlflow_oidc_auth.auth:_TokenDecoder": "self algorithms",
    "mlflow_oidc_auth.middleware.auth_middleware:AuthMiddleware._authenticate_bearer_token": "self auth_header",
    "mlflow_oidc_auth.middleware.fastapi_permission_middleware:_find_fastapi_validator": "path",
    "mlflow_oidc_auth.routers.users:_parse_expiration": "value",
    "mlflow_oidc_auth.validators._referenced:nested_body_values": "container_field item_field",
    "mlflow_oidc_auth.validators._referenced:referenced_logged_model_permission": "model_id username",
    "mlflow_oidc_auth.validators._referenced:referenced_run_permission": "run_id username",
}

# Private to other packages, whose versions are pinned with the image: the standard library, alembic, azure.storage.blob, gunicorn, pysftp, SQLAlchemy, uvicorn,
# Werkzeug.
OF_OTHERS = {"_exit", "_upgrade_revs", "_config", "_idle_connection_queue", "_sftp_live", "_transport", "_install_sigquit_handler", "_should_upgrade"}
OF_OTHERS |= {"_asdict", "_mapping", "_max_overflow", "_load_configurators", "_load_distro", "_load_instrumentors", "_compile_builder"}
# Of a job's function, which test_server_job_runner.py reads.
OF_OTHERS |= {"_job_fn_metadata"}


class PrivateMembersTest(unittest.TestCase):
    def test_each_is_there_with_its_parameters(self) -> None:
        for member, expected in MEMBERS.items():
            with self.subTest(member):
                module, _, path = member.partition(":")
                found = _find(module, path)
                self.assertIsNotNone(found, f"{member} is gone, which mlflow_aspire uses: look for what has taken its place")
                if expected is not None:
                    self.assertEqual(_parameters(found), expected, f"{member} has other parameters than those that mlflow_aspire calls it with")

    def test_none_is_used_that_has_no_line_here(self) -> None:
        known = {member.rpartition(":")[2].rpartition(".")[2] for member in MEMBERS} | OF_OTHERS
        trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in Path(mlflow_aspire.__file__).parent.rglob("*.py")}
        nodes = [(file, node) for file, tree in trees.items() for node in ast.walk(tree)]
        own = {name for _, node in nodes for name in _defined(node)}
        for file, node in nodes:
            for name in _used(node):
                with self.subTest(f"{name} in {file}"):
                    self.assertTrue(name in known or name in own, f"{file} uses {name}, which is private to another package: give it a line here")


def _find(module: str, path: str) -> ast.AST | None:
    found: ast.AST | None = _source(module)
    for name in path.split("."):
        found = found and _find_in(found, name)
    return found


@cache
def _source(module: str) -> ast.Module | None:
    # Read rather than imported: other tests put functions of this package in place of MLflow's.
    spec = find_spec(module)
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8")) if spec and spec.origin else None


def _parameters(node: ast.AST | None) -> str:
    if isinstance(node, ast.ClassDef):
        node = _find_in(node, "__init__")
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return "none: it is no function"
    every = node.args
    named = [*every.posonlyargs, *every.args, every.vararg, *every.kwonlyargs, every.kwarg]
    return " ".join(argument.arg for argument in named if argument)


def _find_in(node: ast.AST, name: str) -> ast.AST | None:
    return next((inner for inner in ast.walk(node) if name in [*_defined(inner), *_imported(inner)]), None)


def _defined(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target for target in targets if isinstance(target, ast.Name)]
        attributes = [target for target in targets if isinstance(target, ast.Attribute) and ast.unparse(target.value) in ("self", "cls")]
        return [target.id for target in names] + [target.attr for target in attributes]
    return []


def _imported(node: ast.AST) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []


def _used(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute):
        names = [node.attr]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [alias.name for alias in node.names]
    else:
        return []
    return [name for name in names if name.startswith("_") and not name.endswith("__")]
