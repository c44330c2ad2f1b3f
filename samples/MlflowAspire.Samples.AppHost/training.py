"""Trains a classifier of irises. MLflow's autologging logs parameters, metrics and the model; the script logs what is its own.

The tracking server's address comes from MLFLOW_TRACKING_URI.
"""

import mlflow
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split


def main() -> None:
    mlflow.set_experiment("irises")
    mlflow.sklearn.autolog(registered_model_name="iris-classifier")

    train_x, test_x, train_y, test_y = train_test_split(*load_iris(return_X_y=True, as_frame=True), random_state=1)
    with mlflow.start_run(run_name="random forest") as run:
        classifier = RandomForestClassifier(n_estimators=50, max_depth=4, random_state=1).fit(train_x, train_y)
        mlflow.log_metric("test_accuracy", classifier.score(test_x, test_y))

    model = mlflow.pyfunc.load_model("models:/iris-classifier/latest")
    correct = int((model.predict(test_x) == test_y).sum())
    print(f"The registered model knows {correct} of {len(test_y)} irises. Run {run.info.run_id} is in the experiment 'irises'.")


if __name__ == "__main__":
    main()
