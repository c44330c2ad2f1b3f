"""What the MLflow image adds to MLflow: its entry point and the sign-in to PostgreSQL with Microsoft Entra."""
