namespace MlflowAspire.Hosting.Azure;

/// <summary>Who can reach the published server.</summary>
public enum IngressMode
{
    /// <summary>The internet, by HTTPS.</summary>
    External,

    /// <summary>The virtual network, by HTTPS.</summary>
    Internal,

    /// <summary>Apps and jobs of the same Container Apps environment, by HTTPS.</summary>
    Environment,
}
