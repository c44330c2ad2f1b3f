namespace MlflowAspire.Hosting.Azure;

/// <summary>What an object id of Microsoft Entra stands for.</summary>
public enum OperatorKind
{
    /// <summary>A group of users.</summary>
    Group,

    /// <summary>A user.</summary>
    User,

    /// <summary>An application or a managed identity.</summary>
    ServicePrincipal,
}
