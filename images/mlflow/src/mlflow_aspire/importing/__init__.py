"""Everything of another MLflow server, brought into the databases and the artifact store of this one."""
