using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Tests.Model;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>In Azure a volume is an NFS share that nothing but a private endpoint leads to.</summary>
[Trait("Category", "Model")]
public class NfsShareTests
{
    [Fact]
    public async Task The_account_is_closed_and_the_environment_mounts_the_share()
    {
        var resources = await PublishAsync();

        var account = Only(resources, "Microsoft.Storage/storageAccounts");
        Assert.Equal(("'FileStorage'", "'Premium_ZRS'"), (account["kind"], account["sku.name"]));
        Assert.Equal(("'Disabled'", "'Deny'"), (account["properties.publicNetworkAccess"], account["properties.networkAcls.defaultAction"]));
        Assert.Equal(("false", "false"), (account["properties.allowSharedKeyAccess"], account["properties.allowBlobPublicAccess"]));

        var share = Only(resources, "Microsoft.Storage/storageAccounts/fileServices/shares");
        Assert.Equal(("'NFS'", "256"), (share["properties.enabledProtocols"], share["properties.shareQuota"]));

        var storage = Only(resources, "Microsoft.App/managedEnvironments/storages");
        Assert.Equal("'${share.name}.file.core.windows.net'", storage["properties.nfsAzureFile.server"]);
        Assert.Equal("'/${share.name}/artifacts'", storage["properties.nfsAzureFile.shareName"]);
        Assert.DoesNotContain(storage.Values.Keys, path => path.Contains("Key", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mlflow")]
    [InlineData("mlflow-periodic")]
    [InlineData("mlflow-gc")]
    public async Task Whoever_uses_the_store_has_the_share_mounted(string name)
    {
        var resources = await PublishAsync();
        var app = Assert.Single(resources, resource => resource.Type is "Microsoft.App/containerApps" or "Microsoft.App/jobs" && resource["name"] == $"'{name}'");

        Assert.Equal(("'artifacts'", "'NfsAzureFile'"), (app["properties.template.volumes[0].name"], app["properties.template.volumes[0].storageType"]));
        Assert.Contains("share_outputs_storagename", app["properties.template.volumes[0].storageName"], StringComparison.Ordinal);
        Assert.Equal(
            ("'artifacts'", "'/mnt/artifacts'"),
            (app["properties.template.containers[0].volumeMounts[0].volumeName"], app["properties.template.containers[0].volumeMounts[0].mountPath"]));
        Assert.Contains("'file:///mnt/artifacts'", app.Values.Values);
    }

    [Fact]
    public async Task A_private_endpoint_leads_to_it()
    {
        var endpoint = Only(await PublishAsync(), "Microsoft.Network/privateEndpoints");
        Assert.Contains("'file'", endpoint.Values.Values);
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
                .PublishAsContainerApp(builder.AddAzureUserAssignedIdentity("identity"));
        }));
        Assert.Contains("Give WithVolumeArtifactStore one, made by AddAzureNfsShare", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_local_run_there_is_no_share()
    {
        var model = TestModel.ToRun();
        var mlflow = model.Builder.AddMlflow("mlflow").WithVolumeArtifactStore(model.Builder.AddAzureNfsShare("share", model.Builder.AddAzureContainerAppEnvironment("environment")));

        Assert.Single(mlflow.Resource.Annotations.OfType<ContainerMountAnnotation>(), mount => mount.Target == "/mnt/artifacts");
        Assert.Empty(model.Builder.Resources.OfType<AzureNfsShareResource>());
    }

    [Theory]
    [InlineData(99)]
    [InlineData(102401)]
    public void A_size_out_of_range_is_refused(int size)
    {
        var builder = TestModel.Create();
        Assert.Contains("100 to 102400 GiB", Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddAzureNfsShare("share", builder.AddAzureContainerAppEnvironment("environment"), size)).Message, StringComparison.Ordinal);
    }

    private static BicepResource Only(IEnumerable<BicepResource> resources, string type) => Assert.Single(resources, resource => resource.Type == type && !resource.IsExisting);

    private static async Task<List<BicepResource>> PublishAsync()
    {
        var folder = Directory.CreateTempSubdirectory("mlflow-publish-");
        try
        {
            var builder = TestModel.Create("--publisher", "manifest", "--output-path", Path.Combine(folder.FullName, "manifest.json"));
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
                .PublishAsContainerApp(builder.AddAzureUserAssignedIdentity("identity"))
                .WithGarbageCollection("0 3 * * *", "30d");
            await using var app = builder.Build();
            await app.RunAsync().WaitAsync(TimeSpan.FromMinutes(1));
            return [.. folder.EnumerateFiles("*.bicep").SelectMany(file => BicepResource.Parse(file.Name, File.ReadAllText(file.FullName)))];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
