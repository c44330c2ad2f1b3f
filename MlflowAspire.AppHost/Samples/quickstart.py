"""Logs a run with parameters, metrics, an artifact and a registered model: a first look at MLflow.

The tracking server's address comes from MLFLOW_TRACKING_URI.
"""

import math
import platform
import tempfile
from pathlib import Path

import mlflow


class Doubler(mlflow.pyfunc.PythonModel):
    """The smallest model there is: it doubles its input."""

    def predict(self, context, model_input: list[float], params=None) -> list[float]:
        return [2 * value for value in model_input]


def main() -> None:
    mlflow.set_experiment("quickstart")
    with mlflow.start_run(run_name="first steps") as run:
        mlflow.log_params({"learning_rate": 0.1, "epochs": 20})
        for epoch in range(20):
            mlflow.log_metric("loss", math.exp(-0.1 * epoch), step=epoch)

        with tempfile.TemporaryDirectory() as folder:
            note = Path(folder, "note.txt")
            note.write_text(f"Logged with Python {platform.python_version()} and MLflow {mlflow.__version__}.\n", encoding="utf-8")
            mlflow.log_artifact(str(note))

        model = mlflow.pyfunc.log_model(name="doubler", python_model=Doubler(), registered_model_name="doubler", pip_requirements=[])

    loaded = mlflow.pyfunc.load_model(model.model_uri)
    print(f"The model that was logged doubles [1.0, 2.5] to {loaded.predict([1.0, 2.5])}.")
    print(f"Run {run.info.run_id} is in the experiment 'quickstart'.")


if __name__ == "__main__":
    main()
