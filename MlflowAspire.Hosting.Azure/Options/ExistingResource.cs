namespace MlflowAspire.Hosting.Azure;

/// <summary>A resource of Azure that exists.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ResourceGroup">Its resource group; null for the one of the deployment.</param>
public sealed record ExistingResource(string Name, string? ResourceGroup = null)
{
    /// <inheritdoc />
    public override string ToString() => ResourceGroup is null ? Name : $"{ResourceGroup}/{Name}";
}
