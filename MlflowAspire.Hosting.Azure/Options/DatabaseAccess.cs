namespace MlflowAspire.Hosting.Azure;

/// <summary>How the network reaches PostgreSQL; none of them is public.</summary>
public enum DatabaseAccess
{
    /// <summary>A private endpoint in <c>db-subnet</c>.</summary>
    PrivateEndpoint,

    /// <summary>The server is part of <c>db-subnet</c>, which is delegated to it. It cannot be changed later.</summary>
    DelegatedSubnet,
}
