"""Another MLflow server, read over its API into the rows of this version."""
