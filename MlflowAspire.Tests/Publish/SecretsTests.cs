using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed partial class SecretsTests
{
    /// <summary>Variants with all secrets that there are.</summary>
    public static TheoryData<string[]> Variants => new()
    {
        Array.Empty<string>(),
        new[] { "Jobs=true", "Replicas=2", "JobQueue=redis", "Database:Authentication=password", "Storage:Authentication=access-key" },
        new[] { "Database:Authentication=password", "Database:Role=a" },
        new[] { "SignIn=basic" },
        new[] { "SignIn=oidc", "Oidc:DiscoveryUrl=https://login.example.com/.well-known/openid-configuration", "Oidc:ClientId=mlflow" },
        new[] { "SignIn=entra", "Oidc:TenantId=6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10", "Oidc:ClientId=mlflow" },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Apps_hold_references_to_the_vault_and_no_values(string[] settings)
    {
        var app = await PublishedApp.GetAsync(settings);

        foreach (var workload in app.Resources.Where(resource => resource.Type is "Microsoft.App/containerApps" or "Microsoft.App/jobs"))
        {
            var secrets = workload.Values.Where(value => value.Key.StartsWith("properties.configuration.secrets[", StringComparison.Ordinal)).ToLookup(value => value.Key.Split('.')[^1], value => value.Value);
            Assert.Empty(secrets["value"]);
            Assert.Equal(secrets["name"].Count(), secrets["keyVaultUrl"].Count());
            Assert.All(secrets["keyVaultUrl"], url => Assert.EndsWith(".properties.secretUri", url, StringComparison.Ordinal));
            Assert.All(secrets["identity"], identity => Assert.Equal("mlflow_identity_outputs_id", identity));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Secrets_stand_in_secure_parameters_of_vault_and_database_alone(string[] settings)
    {
        var app = await PublishedApp.GetAsync(settings);
        var secrets = app.Manifest.Where(resource => IsSecret(resource.Value!)).Select(resource => $"{{{resource.Key}.value}}").ToHashSet();
        Assert.NotEmpty(secrets);

        foreach (var (name, resource) in app.Manifest)
        {
            foreach (var (parameter, value) in resource!["params"]?.AsObject() ?? [])
            {
                if (secrets.Any(secret => value!.ToString().Contains(secret, StringComparison.Ordinal)))
                {
                    Assert.Contains(name, new[] { "vault", "postgres" });
                    Assert.Contains($"@secure()\nparam {parameter} string", app.Files[$"{name}.module.bicep"], StringComparison.Ordinal);
                }
            }

            Assert.DoesNotContain(secrets, secret => resource["env"]?.ToJsonString().Contains(secret, StringComparison.Ordinal) is true);
            Assert.DoesNotContain(secrets, secret => resource["args"]?.ToJsonString().Contains(secret, StringComparison.Ordinal) is true);
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Variables_that_sound_like_secrets_are_references(string[] settings)
    {
        var app = await PublishedApp.GetAsync(settings);

        var variables = app.Resources.SelectMany(BicepContainer.Of).SelectMany(container => container.Environment).Where(variable => SecretName().IsMatch(variable.Key)).ToList();
        Assert.NotEmpty(variables);
        Assert.All(variables, variable => Assert.True(variable.Value is { Value: null, Secret: not null }, $"{variable.Key} is {variable.Value}"));
    }

    [Fact]
    public async Task The_version_of_the_passphrase_goes_with_it()
    {
        foreach (var (settings, version) in new[] { (Array.Empty<string>(), "'1'"), (["KekVersion=2"], "'2'") })
        {
            var app = await PublishedApp.GetAsync(settings);
            var users = app.Resources.SelectMany(BicepContainer.Of).Select(container => container.Environment).Where(environment => environment.ContainsKey("MLFLOW_CRYPTO_KEK_PASSPHRASE")).ToList();
            Assert.NotEmpty(users);
            Assert.All(users, environment => Assert.Equal(version, environment["MLFLOW_CRYPTO_KEK_VERSION"].Value));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Generated_secrets_are_made_once_and_those_that_are_asked_for_are_written_each_time(string[] settings)
    {
        var app = await PublishedApp.GetAsync(settings);
        var vault = app.Files["vault.module.bicep"];

        foreach (var secret in app.Resources.Where(resource => resource.Type == "Microsoft.KeyVault/vaults/secrets" && resource["properties.value"]!.EndsWith("_value", StringComparison.Ordinal)))
        {
            var parameter = app.Manifest.Single(resource => $"{resource.Key.Replace('-', '_')}_value" == secret["properties.value"]).Value!;
            var isGenerated = parameter["inputs"]!["value"]!["default"]?["generate"] is not null;
            Assert.Equal(isGenerated, vault.Contains($"@onlyIfNotExists()\nresource {secret.Symbol} ", StringComparison.Ordinal));
            Assert.Equal(isGenerated, secret["name"]!.EndsWith("-v1'", StringComparison.Ordinal));
            Assert.Equal("'text/plain'", secret["properties.contentType"]);
        }
    }

    [Fact]
    public async Task The_vault_keeps_what_is_read_and_nothing_else()
    {
        var app = await PublishedApp.GetAsync("Jobs=true", "Replicas=2", "JobQueue=redis", "Database:Authentication=password", "Storage:Authentication=access-key");
        var kept = app.Resources.Where(resource => resource.Type == "Microsoft.KeyVault/vaults/secrets").Select(resource => resource["name"]!);
        var apps = string.Concat(app.Files.Where(file => file.Key.EndsWith("-containerapp.module.bicep", StringComparison.Ordinal)).Select(file => file.Value));

        Assert.All(kept, secret => Assert.Contains($"name: {secret}\n", apps, StringComparison.Ordinal));
        Assert.DoesNotContain("generate", app.Manifest["postgres-password"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("generate", app.Manifest["postgres-username"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_version_is_another_secret_for_the_vault_and_the_apps()
    {
        var app = await PublishedApp.GetAsync("FlaskKeyVersion=3");

        Assert.Contains(app.Resources, resource => resource.Type == "Microsoft.KeyVault/vaults/secrets" && resource["name"] == "'mlflow-flask-secret-key-v3'");
        Assert.Contains("name: 'mlflow-flask-secret-key-v3'", app.Files["mlflow-containerapp.module.bicep"], StringComparison.Ordinal);
        Assert.DoesNotContain("mlflow-flask-secret-key-v1", string.Concat(app.Files.Values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vault_is_private_and_asks_for_roles()
    {
        var app = await PublishedApp.GetAsync();

        var vault = app.Only("Microsoft.KeyVault/vaults");
        Assert.Equal(("'Disabled'", "'Deny'"), (vault["properties.publicNetworkAccess"], vault["properties.networkAcls.defaultAction"]));
        Assert.Equal(("true", "true", "true"), (vault["properties.enableRbacAuthorization"], vault["properties.enableSoftDelete"], vault["properties.enablePurgeProtection"]));
        var endpoint = app.Resources.Single(resource => resource.Symbol == "private_endpoints_vault_pe");
        Assert.Equal(("network_outputs_private_endpoints_id", "'vault'"), (endpoint["properties.subnet.id"], endpoint["properties.privateLinkServiceConnections[0].properties.groupIds[0]"]));
    }

    private static bool IsSecret(JsonNode resource) => (bool?)resource["inputs"]?["value"]?["secret"] is true;

    [GeneratedRegex("SECRET|PASS|KEY|REDIS_URL")]
    private static partial Regex SecretName();
}
