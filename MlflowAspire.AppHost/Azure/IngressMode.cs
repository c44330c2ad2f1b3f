namespace MlflowAspire.AppHost.Azure;

/// <summary>Who can reach the published server (guide rows G5 and G10).</summary>
internal enum IngressMode
{
    /// <summary>The internet, by HTTPS.</summary>
    External,

    /// <summary>The virtual network, by HTTPS.</summary>
    Internal,
}
