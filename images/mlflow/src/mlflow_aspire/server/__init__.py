"""The server process: settings are checked, MLflow is imported once, and the same process serves or is the parent of the workers that do."""
