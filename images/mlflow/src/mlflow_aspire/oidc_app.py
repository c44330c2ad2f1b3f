"""The app of the OIDC plugin behind MLflow's own checks of Host and Origin.

The plugin leaves those checks to MLflow's Flask app, so its own routes, of which /login makes an address from the Host header, would go without.
"""

from mlflow.server.fastapi_security import init_fastapi_security
from mlflow_oidc_auth.app import app

init_fastapi_security(app)
