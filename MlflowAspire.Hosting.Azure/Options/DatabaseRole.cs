namespace MlflowAspire.Hosting.Azure;

/// <summary>Who MLflow signs in to PostgreSQL as, with a password.</summary>
public enum DatabaseRole
{
    /// <summary>The administrator of the server.</summary>
    Administrator,

    /// <summary>The role of the parameters <c>database-user-a</c> and <c>database-password-a</c>.</summary>
    A,

    /// <summary>The role of the parameters <c>database-user-b</c> and <c>database-password-b</c>, which takes turns with the other.</summary>
    B,
}
