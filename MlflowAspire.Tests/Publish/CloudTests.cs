using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

/// <summary>What is published fits each cloud of Azure: it names no host of the public one.</summary>
[Trait("Category", "Publish")]
public sealed partial class CloudTests
{
    private const string Government = """
        { "resourceManager": "https://management.usgovcloudapi.net",
          "authentication": { "loginEndpoint": "https://login.microsoftonline.us/" },
          "suffixes": { "storage": "core.usgovcloudapi.net", "keyvaultDns": ".vault.usgovcloudapi.net" } }
        """;

    private const string China = """
        { "resourceManager": "https://management.chinacloudapi.cn/",
          "authentication": { "loginEndpoint": "https://login.chinacloudapi.cn/" },
          "suffixes": { "storage": "core.chinacloudapi.cn", "keyvaultDns": ".vault.azure.cn" } }
        """;

    public static TheoryData<string> Names => Variants.Names;

    [BicepTheory]
    [MemberData(nameof(Names))]
    public async Task Nothing_names_a_host_of_the_public_cloud(string variant)
    {
        var published = await Variants.PublishAsync(variant);

        // The manifest repeats the model's environment, which is deployed as the modules have it.
        var modules = published.Files.Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal));
        Assert.All(modules, file => Assert.Empty(PublicHost().Matches(file.Value).Select(match => $"{file.Key}: {match.Value}")));
    }

    [BicepTheory]
    [InlineData(Government, "usgovcloudapi.net", "vaultcore.usgovcloudapi.net", "https://login.microsoftonline.us/")]
    [InlineData(China, "chinacloudapi.cn", "vaultcore.azure.cn", "https://login.chinacloudapi.cn/")]
    public async Task Names_are_those_of_the_cloud(string cloud, string domain, string vaults, string login)
    {
        var deployment = await DeployAsync("oidc-of-entra", cloud);

        Assert.Equal(
            new[] { $"privatelink.blob.core.{domain}", $"privatelink.postgres.database.{domain}", $"privatelink.{vaults}" }.Order(),
            deployment.All("Microsoft.Network/privateDnsZones")
                .Select(zone => zone.Name)
                .Where(name => name.StartsWith("privatelink.", StringComparison.Ordinal))
                .Order());
        var server = deployment.Only("Microsoft.App/containerApps").Containers.Single(container => container.Name == "mlflow");
        Assert.EndsWith($".blob.core.{domain}", server.Environment["MLFLOW_ARTIFACTS_DESTINATION"].Value, StringComparison.Ordinal);
        Assert.StartsWith(login, server.Environment["OIDC_DISCOVERY_URL"].Value, StringComparison.Ordinal);
        Assert.StartsWith(login, server.Environment["OIDC_ISSUER"].Value, StringComparison.Ordinal);

        var delegated = await DeployAsync("delegated-subnet", cloud);
        Assert.Contains(delegated.All("Microsoft.Network/privateDnsZones"), zone => zone.Name == $"mlflow.private.postgres.database.{domain}");
        var entra = (await DeployAsync("entra", cloud)).Only("Microsoft.App/containerApps/authConfigs");
        Assert.StartsWith(login, entra["properties.identityProviders.azureActiveDirectory.registration.openIdIssuer"], StringComparison.Ordinal);
    }

    /// <summary>What would be deployed to a cloud, whose names the compiler does not know.</summary>
    private static async Task<Deployment> DeployAsync(string variant, string cloud)
    {
        var directory = Directory.CreateTempSubdirectory("mlflow-cloud-");
        try
        {
            foreach (var (name, text) in (await Variants.PublishAsync(variant)).Files)
            {
                var inCloud = text.Replace("az.environment()", $"json('{cloud.ReplaceLineEndings("")}')", StringComparison.Ordinal);
                await File.WriteAllTextAsync(Path.Combine(directory.FullName, name), inCloud);
            }

            return await PublishedApp.Read(directory).DeployAsync();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"[\w.${}-]*\.(core\.windows\.net|windows\.net|azure\.com|azure\.net|microsoftonline\.com|azurecr\.io|azurewebsites\.net)")]
    private static partial Regex PublicHost();
}
