"""What an operator asks a deployment for, with the server's own environment and no need for a server that runs."""
