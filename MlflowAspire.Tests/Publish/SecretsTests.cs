using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed partial class SecretsTests
{
    private const string Secret = "Microsoft.KeyVault/vaults/secrets";

    public static TheoryData<string> Names => Variants.Names;

    [BicepTheory]
    [MemberData(nameof(Names))]
    public async Task Apps_hold_references_to_the_vault_and_no_values(string variant)
    {
        var deployment = await Variants.DeployAsync(variant);
        // The vault may exist already.
        var vault = Assert.Single(deployment.All("Microsoft.KeyVault/vaults/secrets").Select(secret => secret.Id.Split("/secrets/")[0]).Distinct());
        var identity = deployment.All("Microsoft.ManagedIdentity/userAssignedIdentities")
            .Single(identity => identity.Name.StartsWith("mlflow", StringComparison.Ordinal));

        foreach (var secret in deployment.Resources.Where(IsWorkload).SelectMany(workload => workload.List("properties.configuration.secrets")))
        {
            Assert.Equal(["identity", "keyVaultUrl", "name"], secret.Select(property => property.Key).Order(StringComparer.Ordinal));
            Assert.Matches($@"^\[reference\('{vault}/secrets/[\w-]+', '[\d-]+'\)\.secretUri\]$", (string)secret["keyVaultUrl"]!);
            Assert.Equal(identity.Id, (string?)secret["identity"]);
        }
    }

    [BicepTheory]
    [MemberData(nameof(Names))]
    public async Task Values_of_secrets_go_to_vault_and_database_alone(string variant)
    {
        var published = await Variants.PublishAsync(variant);
        var secrets = published.Manifest.Where(resource => IsSecret(resource.Value!)).Select(resource => AzdTemplate.Identifier(resource.Key)).ToList();
        Assert.NotEmpty(secrets);

        // A secure parameter keeps its name in the evaluated resources; its value would be its name and more.
        var deployment = await published.DeployAsync();
        foreach (var (resource, path) in deployment.Resources
            .SelectMany(resource => resource.Values
            .Where(value => secrets.Any(secret => value.Value.Contains($"parameters('{secret}')", StringComparison.Ordinal)))
            .Select(value => (resource, value.Key))))
        {
            Assert.Contains($"{resource.Type} {path}",
                new[] { $"{Secret} properties.value", "Microsoft.DBforPostgreSQL/flexibleServers properties.administratorLoginPassword" });
        }

        Assert.All(deployment.Resources.SelectMany(resource => resource.Values.Values), value =>
            Assert.DoesNotContain(secrets, secret => value.Contains($"{secret.Replace('_', '-')}-value", StringComparison.Ordinal)));
        Assert.All(published.Manifest, resource => Assert.DoesNotContain(
            secrets, secret =>
                $"{resource.Value!["env"]?.ToJsonString()}{resource.Value["args"]?.ToJsonString()}".Contains($"{{{secret.Replace('_', '-')}.value}}",
                StringComparison.Ordinal)));
    }

    [BicepTheory]
    [MemberData(nameof(Names))]
    public async Task Variables_that_sound_like_secrets_are_references(string variant)
    {
        var variables = (await Variants.DeployAsync(variant)).Containers.SelectMany(container => container.Environment)
            .Where(variable => SecretName().IsMatch(variable.Key)).ToList();

        Assert.NotEmpty(variables);
        Assert.All(variables, variable => Assert.True(variable.Value is { Value: null, Secret: not null }, $"{variable.Key} is {variable.Value}"));
    }

    [BicepTheory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task The_version_of_the_passphrase_goes_with_it(string version)
    {
        var users = (await Deployment.GetAsync($"KekVersion={version}")).Containers.Select(container => container.Environment)
            .Where(environment => environment.ContainsKey("MLFLOW_CRYPTO_KEK_PASSPHRASE")).ToList();

        Assert.NotEmpty(users);
        Assert.All(users, environment => Assert.Equal(version, environment["MLFLOW_CRYPTO_KEK_VERSION"].Value));
    }

    [BicepTheory]
    [MemberData(nameof(Names))]
    public async Task Generated_secrets_are_made_once_and_those_that_are_asked_for_are_written_each_time(string variant)
    {
        var published = await Variants.PublishAsync(variant);
        var deployment = await published.DeployAsync();
        var generated = published.Manifest.Where(resource => resource.Value!["inputs"]?["value"]?["default"]?["generate"] is not null)
            .Select(resource => resource.Key).ToList();
        Assert.NotEmpty(generated);

        var secrets = deployment.All(Secret).ToDictionary(secret => secret.Name);
        var madeOnce = MadeOnce(await deployment.TemplateAsync()).ToList();
        // The version is part of the name, so that another one is another secret.
        Assert.Equal(generated.Select(name => $"{name}-v1").Order(StringComparer.Ordinal), madeOnce.Order(StringComparer.Ordinal));
        Assert.All(madeOnce, name => Assert.Equal("text/plain", secrets[name]["properties.contentType"]));
        Assert.All(secrets.Keys.Except(madeOnce), name => Assert.DoesNotMatch(@"-v\d+$", name));
    }

    [BicepFact]
    public async Task The_vault_keeps_what_is_read_and_nothing_else()
    {
        var deployment = await Deployment.GetAsync("Jobs=true", "Replicas=2", "JobQueue=redis", "Database:Authentication=password",
            "Storage:Authentication=access-key");

        var read = deployment.Resources.Where(IsWorkload).SelectMany(workload => workload.List("properties.configuration.secrets"))
            .Select(secret => ((string)secret["keyVaultUrl"]!).Split('\'')[1]);
        Assert.Equal(deployment.All(Secret).Select(secret => secret.Id).Order(StringComparer.Ordinal), read.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Name_and_password_of_the_database_are_asked_for()
    {
        var manifest = (await PublishedApp.GetAsync("Database:Authentication=password")).Manifest;

        Assert.All(["postgres-password", "postgres-username"], name =>
            Assert.DoesNotContain("generate", manifest[name]!.ToJsonString(), StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task A_new_version_is_another_secret_for_the_vault_and_the_apps()
    {
        var deployment = await Deployment.GetAsync("FlaskKeyVersion=3");

        var secret = Assert.Single(deployment.All(Secret), secret => secret.Name.StartsWith("mlflow-flask-secret-key", StringComparison.Ordinal));
        Assert.Equal("mlflow-flask-secret-key-v3", secret.Name);
        Assert.Contains(deployment.Only("Microsoft.App/containerApps").List("properties.configuration.secrets"), reference =>
            ((string)reference["keyVaultUrl"]!).Contains($"'{secret.Id}'", StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task Vault_is_private_and_asks_for_roles()
    {
        var deployment = await Deployment.GetAsync();

        var vault = deployment.Only("Microsoft.KeyVault/vaults");
        Assert.Equal(("Disabled", "Deny"), (vault["properties.publicNetworkAccess"], vault["properties.networkAcls.defaultAction"]));
        Assert.Equal(("true", "true", "true"),
            (vault["properties.enableRbacAuthorization"], vault["properties.enableSoftDelete"], vault["properties.enablePurgeProtection"]));
        var endpoint = deployment.EndpointOf(vault);
        Assert.Equal(deployment.Only("Microsoft.Network/virtualNetworks/subnets", "private-endpoints").Id, endpoint["properties.subnet.id"]);
        Assert.Equal("vault", endpoint["properties.privateLinkServiceConnections[0].properties.groupIds[0]"]);
    }

    /// <summary>The secrets of the vault that the compiled template writes only where there is none of the name.</summary>
    private static IEnumerable<string> MadeOnce(JsonNode? node) => node switch
    {
        JsonObject item when item["type"]?.ToString() == Secret => item["@options"]?["onlyIfNotExists"] is null ? []
            : [SecretOfTheVault().Match((string)item["name"]!).Groups["name"].Value],
        JsonObject item => item.SelectMany(property => MadeOnce(property.Value)),
        JsonArray list => list.SelectMany(MadeOnce),
        _ => [],
    };

    private static bool IsWorkload(DeployedResource resource) => resource.Type is "Microsoft.App/containerApps" or "Microsoft.App/jobs";

    private static bool IsSecret(JsonNode resource) => (bool?)resource["inputs"]?["value"]?["secret"] is true;

    [GeneratedRegex("SECRET|PASS|KEY|REDIS_URL")]
    private static partial Regex SecretName();

    [GeneratedRegex("'(?<name>[a-z0-9-]+)'\\)\\]$")]
    private static partial Regex SecretOfTheVault();
}
