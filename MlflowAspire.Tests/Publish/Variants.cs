namespace MlflowAspire.Tests.Publish;

/// <summary>The app host with settings that publish something else each, by name.</summary>
internal static class Variants
{
    private const string Tenant = "6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10";

    /// <summary>All settings have their defaults.</summary>
    public const string Production = "production";

    private static readonly Dictionary<string, string[]> s_settings = new()
    {
        [Production] = [],
        ["development"] = ["Profile=development"],
        ["existing-network"] = ["Network:Mode=existing"],
        ["existing-network-with-password"] = ["Network:Mode=existing", "Database:Authentication=password"],
        ["delegated-subnet"] = ["Database:Access=delegated-subnet"],
        ["delegated-subnet-with-password"] = ["Database:Access=delegated-subnet", "Database:Authentication=password"],
        ["internal"] = ["Ingress=internal"],
        ["environment-only"] = ["Ingress=environment", "SignIn=none"],
        ["own-domain"] = ["CustomDomain=mlflow.example.com", "AllowedHosts=proxy.example.com"],
        ["own-certificate"] = ["CustomDomain=mlflow.example.com", "Certificate=vault", "AllowedAddresses=203.0.113.0/24,198.51.100.7/32"],
        ["replicas-with-jobs"] = ["Jobs=true", "Replicas=3", "JobQueue=redis"],
        ["keys-and-passwords"] = ["Database:Authentication=password", "Storage:Authentication=access-key"],
        ["database-role"] = ["Database:Authentication=password", "Database:Role=a"],
        ["anonymous"] = ["SignIn=none", "AllowAnonymous=true"],
        ["oidc"] = ["SignIn=oidc", "Oidc:DiscoveryUrl=https://login.example.com/.well-known/openid-configuration", "Oidc:ClientId=mlflow"],
        ["oidc-of-entra"] = ["SignIn=oidc", $"Oidc:TenantId={Tenant}", "Oidc:ClientId=mlflow"],
        ["entra"] = ["SignIn=entra", $"Oidc:TenantId={Tenant}", "Oidc:ClientId=mlflow"],
        ["entra-with-jobs"] = ["SignIn=entra", $"Oidc:TenantId={Tenant}", "Oidc:ClientId=mlflow", "Jobs=true", "Replicas=3", "JobQueue=redis"],
        ["restored-server"] = ["Database:Server=mlflow-restored"],
        ["geo-redundant"] = ["GeoRedundancy=true"],
        ["operators-rules"] = ["Network:Rules:jump-host=10.9.0.0/24 -> database:5432", "Network:Rules:models=container-apps -> 203.0.113.0/24:8443,9000-9100"],
        ["existing-subnets"] = ["Network:Mode=existing-subnets", "Network:ContainerAppsSubnetName=apps", "Network:DnsZonesGroup=rg-dns"],
        ["existing-resources"] =
        [
            "Existing:KeyVault=rg-platform/kv-platform", "Existing:ContainerRegistry=rg-platform/crplatform",
            "Existing:LogAnalyticsWorkspace=rg-platform/log-platform", "Existing:StorageAccount=stplatform", "Storage:Path=teams/vision",
        ],
        ["operators-ranges"] = ["Network:OperatorRanges=10.9.0.0/24,192.168.7.0/24"],
        ["operators"] = ["Operators:team=group:11111111-2222-3333-4444-555555555555, blobs:read", "Backups:Schedule=0 1 * * 0"],
        ["import"] = ["Import:Source=http://10.20.0.4:5000", "Import:UserName=admin"],
        ["without-telemetry"] = ["OpenTelemetry=false"],
    };

    /// <summary>The names, for theories.</summary>
    public static TheoryData<string> Names => [.. s_settings.Keys];

    /// <summary>The names but for <see cref="Production"/>.</summary>
    public static TheoryData<string> Others => [.. s_settings.Keys.Where(name => name != Production)];

    /// <summary>What a variant publishes.</summary>
    public static Task<PublishedApp> PublishAsync(string name) => PublishedApp.GetAsync(s_settings[name]);

    /// <summary>What Azure would do with a variant.</summary>
    public static async Task<Deployment> DeployAsync(string name) => await (await PublishAsync(name)).DeployAsync();
}
