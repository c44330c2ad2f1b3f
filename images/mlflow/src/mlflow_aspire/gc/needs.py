"""What live objects still need of deleted ones. MLflow lets users delete a run whose model is registered, and the registered model goes on."""

from typing import Any

from mlflow.entities.model_registry.model_version_stages import STAGE_DELETED_INTERNAL
from mlflow.store.model_registry.dbmodels.models import SqlModelVersion
from mlflow.store.tracking.dbmodels.models import SqlEvaluationDataset, SqlEvaluationDatasetRecord, SqlScorer, SqlScorerVersion
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Row, Select, or_, select


class Needs:
    """Asks the database for each object anew: others work while garbage is collected."""

    def __init__(self, store: SqlAlchemyStore) -> None:
        self._store = store

    def of_files(self, owner: str) -> str | None:
        """Names the registered version whose files are those of a run or a logged model, whose id is part of every address of them."""
        version = self._first(
            select(SqlModelVersion.name, SqlModelVersion.version).where(
                SqlModelVersion.current_stage != STAGE_DELETED_INTERNAL,
                or_(SqlModelVersion.source.contains(owner, autoescape=True), SqlModelVersion.storage_location.contains(owner, autoescape=True)),
            )
        )
        return f"version {version[1]} of the registered model {version[0]!r}" if version else None

    def of_trace(self, trace: str, experiment: str) -> str | None:
        """Names the evaluation dataset or the judge of another experiment that learns from a trace."""
        dataset = self._first(
            select(SqlEvaluationDataset.name)
            .join(SqlEvaluationDatasetRecord, SqlEvaluationDatasetRecord.dataset_id == SqlEvaluationDataset.dataset_id)
            .where(SqlEvaluationDatasetRecord.source_id == trace)
        )
        if dataset:
            return f"the evaluation dataset {dataset[0]!r}"
        judge = self._first(
            select(SqlScorer.scorer_name, SqlScorer.experiment_id)
            .join(SqlScorerVersion, SqlScorerVersion.scorer_id == SqlScorer.scorer_id)
            .where(SqlScorer.experiment_id != int(experiment), SqlScorerVersion.serialized_scorer.contains(trace, autoescape=True))
        )
        return f"the judge {judge[0]!r} of experiment {judge[1]}" if judge else None

    def _first(self, statement: Select[Any]) -> Row[Any] | None:
        with self._store.ManagedSessionMaker() as session:
            return session.execute(statement.limit(1)).first()
