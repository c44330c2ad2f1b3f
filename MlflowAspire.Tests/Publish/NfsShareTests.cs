using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Tests.Model;

namespace MlflowAspire.Tests.Publish;

/// <summary>In Azure a volume is an NFS share that nothing but a private endpoint leads to.</summary>
[Trait("Category", "Publish")]
public class NfsShareTests
{
    private const string Account = "Microsoft.Storage/storageAccounts";

    private static readonly Lazy<Task<Deployment>> s_deployment = new(DeployAsync);

    [BicepFact]
    public async Task The_account_is_closed_and_the_environment_mounts_the_share()
    {
        var deployment = await s_deployment.Value;

        var account = deployment.Only(Account);
        Assert.Equal(("FileStorage", "Premium_ZRS"), (account["kind"], account["sku.name"]));
        Assert.Equal(("Disabled", "Deny"), (account["properties.publicNetworkAccess"], account["properties.networkAcls.defaultAction"]));
        Assert.Equal(("false", "false"), (account["properties.allowSharedKeyAccess"], account["properties.allowBlobPublicAccess"]));

        var share = deployment.Only($"{Account}/fileServices/shares");
        Assert.Equal(("NFS", "256"), (share["properties.enabledProtocols"], share["properties.shareQuota"]));

        var storage = deployment.Only("Microsoft.App/managedEnvironments/storages");
        Assert.Equal($"[format('{{0}}.file.{{1}}', '{account.Name}', environment().suffixes.storage)]", storage["properties.nfsAzureFile.server"]);
        Assert.Equal($"/{account.Name}/{share.Name}", storage["properties.nfsAzureFile.shareName"]);
        Assert.DoesNotContain(storage.Values.Keys, path => path.Contains("Key", StringComparison.Ordinal));
    }

    [BicepTheory]
    [InlineData("mlflow")]
    [InlineData("mlflow-periodic")]
    [InlineData("mlflow-gc")]
    public async Task Whoever_uses_the_store_has_the_share_mounted(string name)
    {
        var deployment = await s_deployment.Value;
        var app = Assert.Single(
            deployment.Resources, resource => resource.Type is "Microsoft.App/containerApps" or "Microsoft.App/jobs" && resource.Name == name);

        var volume = Assert.Single(app.List("properties.template.volumes"));
        Assert.Equal(("artifacts", "NfsAzureFile"), ((string?)volume["name"], (string?)volume["storageType"]));
        Assert.Equal(deployment.Only("Microsoft.App/managedEnvironments/storages").Name, (string?)volume["storageName"]);
        var container = Assert.Single(app.Containers, container => container.Resource.Name == container.Name);
        var mount = Assert.Single(container.Content["volumeMounts"]!.AsArray())!;
        Assert.Equal(("artifacts", "/mnt/artifacts"), ((string?)mount["volumeName"], (string?)mount["mountPath"]));
        Assert.Equal("file:///mnt/artifacts", container.Environment["MLFLOW_ARTIFACTS_DESTINATION"].Value);
    }

    [BicepFact]
    public async Task A_private_endpoint_leads_to_it()
    {
        var deployment = await s_deployment.Value;

        Assert.Equal("file", deployment.EndpointOf(deployment.Only(Account))["properties.privateLinkServiceConnections[0].properties.groupIds[0]"]);
    }

    [Fact]
    public async Task A_volume_is_not_published_to_Container_Apps_without_a_share()
    {
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => PublishedApp.PublishAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            builder.AddMlflow("mlflow")
                .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db"))
                .WithVolumeArtifactStore()
                .WithAzureUserAssignedIdentity(builder.AddAzureUserAssignedIdentity("identity"));
        }));
        Assert.Contains("Give WithVolumeArtifactStore one, made by AddAzureNfsShare", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_local_run_there_is_no_share()
    {
        var builder = TestModel.ToRun().Builder;
        var mlflow = builder.AddMlflow("mlflow")
            .WithVolumeArtifactStore(builder.AddAzureNfsShare("share", builder.AddAzureContainerAppEnvironment("environment")));

        Assert.Single(mlflow.Resource.Annotations.OfType<ContainerMountAnnotation>(), mount => mount.Target == "/mnt/artifacts");
        Assert.Empty(builder.Resources.OfType<AzureNfsShareResource>());
    }

    [Theory]
    [InlineData(99)]
    [InlineData(102401)]
    public void A_size_out_of_range_is_refused(int size)
    {
        var builder = TestModel.Create();
        var failure = Assert.Throws<ArgumentOutOfRangeException>(
            () => builder.AddAzureNfsShare("share", builder.AddAzureContainerAppEnvironment("environment"), size));
        Assert.Contains("100 to 102400 GiB", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<Deployment> DeployAsync()
    {
        var published = await PublishedApp.PublishAsync(builder =>
        {
            var network = builder.AddAzureVirtualNetwork("network");
            var environment = builder.AddAzureContainerAppEnvironment("environment").WithDelegatedSubnet(network.AddSubnet("apps", "10.0.0.0/23"));
            var share = builder.AddAzureNfsShare("share", environment, sizeGiB: 256, zoneRedundant: true);
            network.AddSubnet("private-endpoints", "10.0.2.0/27").AddPrivateEndpoint(share);
            builder.AddMlflow("mlflow")
                .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db", "mlflow"))
                .WithVolumeArtifactStore(share)
                .WithJobs()
                .WithReplicas(2)
                .WithJobQueue(builder.AddParameter("queue", secret: true))
                .WithAzureUserAssignedIdentity(builder.AddAzureUserAssignedIdentity("identity"))
                .WithGarbageCollection("0 3 * * *", "30d");
        });
        return await published.DeployAsync();
    }
}
