namespace MlflowAspire.Hosting.Azure;

/// <summary>How users sign in (<c>Mlflow:SignIn</c>).</summary>
public enum SignInMode
{
    /// <summary>Not at all: everyone who reaches the server may do everything.</summary>
    None,

    /// <summary>With name and password.</summary>
    Basic,

    /// <summary>With a provider of OpenID Connect, through MLflow's plugin.</summary>
    Oidc,

    /// <summary>With Microsoft Entra, in front of MLflow; only in Azure.</summary>
    Entra,
}
