"""Everything of an MLflow server that kept it in SQLite or in files, brought into the databases and the artifact store of this one."""
