using Azure.Provisioning;
using Azure.Provisioning.Expressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Names and addresses of the cloud that is deployed to, be it the public one or a sovereign one.</summary>
internal static class CloudNames
{
    private const string PublicStorage = "core.windows.net";
    private const string PublicVaultZone = "privatelink.vaultcore.azure.net";
    private const string PublicDatabases = "database.azure.com";

    /// <summary>Where users sign in; it ends with a slash.</summary>
    public static BicepValue<string> LoginEndpoint => Environment("authentication", "loginEndpoint");

    /// <summary>What follows the service in the host name of a storage account, such as <c>core.windows.net</c>.</summary>
    public static BicepValue<string> StorageSuffix => Environment("suffixes", "storage");

    /// <summary>The private DNS zone that has this name in the public cloud.</summary>
    public static BicepValue<string> Zone(string publicName) => publicName switch
    {
        PublicVaultZone => Replace(Environment("suffixes", "keyvaultDns"), ".vault.", "privatelink.vaultcore."),
        _ when publicName.EndsWith($".{PublicStorage}", StringComparison.Ordinal) =>
            BicepFunction.Interpolate($"{publicName[..^PublicStorage.Length]}{StorageSuffix}"),
        _ when publicName.EndsWith($".{PublicDatabases}", StringComparison.Ordinal) =>
            BicepFunction.Interpolate($"{publicName[..^PublicDatabases.Length]}database.{ManagementDomain}"),
        _ => publicName,
    };

    /// <summary>The domain of the cloud's management, which PostgreSQL's names end with: <c>azure.com</c>.</summary>
    private static BicepValue<string> ManagementDomain => Replace(Replace(Environment("resourceManager"), "https://management.", ""), "/", "");

    // A resource may be called environment, as the function is.
    private static BicepExpression Environment(params string[] path) => path.Aggregate(
        (BicepExpression)new FunctionCallExpression(new MemberExpression(new IdentifierExpression("az"), "environment")),
        (value, member) => new MemberExpression(value, member));

    private static FunctionCallExpression Replace(BicepExpression text, string old, string with) =>
        new FunctionCallExpression(new IdentifierExpression("replace"), text, new StringLiteralExpression(old), new StringLiteralExpression(with));
}
