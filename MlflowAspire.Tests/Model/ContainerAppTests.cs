using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Microsoft.Extensions.DependencyInjection;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class ContainerAppTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    public void Replicas_out_of_range_are_refused(int replicas) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.Create().AddMlflow("mlflow").WithReplicas(replicas));

    [Fact]
    public void The_url_of_a_job_queue_is_a_secret()
    {
        var model = TestModel.ToPublish();

        var thrown = Assert.Throws<ArgumentException>(() => model.AddMlflow().WithJobQueue(model.Builder.AddParameter("queue")));
        Assert.Contains("'queue' is not a secret", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replicas_that_run_jobs_without_a_queue_are_refused()
    {
        var model = TestModel.ToPublish();
        model.AddMlflow().WithJobs().WithReplicas(2);
        await using var app = model.Builder.Build();

        var thrown = await Assert.ThrowsAsync<DistributedApplicationException>(() => model.Builder.Eventing.PublishAsync(new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>())));
        Assert.Contains("'mlflow' has 2 replicas that run jobs", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("WithJobQueue", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_are_of_ipv4() =>
        Assert.Contains("'2001:db8::/32'", Assert.Throws<ArgumentException>(() => TestModel.Create().AddMlflow("mlflow").WithAllowedAddresses(IPNetwork.Parse("2001:db8::/32"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Garbage_collection_needs_a_published_server()
    {
        var model = TestModel.ToPublish();
        var parameter = model.Builder.AddParameter("parameter");

        var thrown = Assert.Throws<InvalidOperationException>(() => model.AddMlflow().WithGarbageCollection(parameter, parameter));
        Assert.Contains("Call PublishAsContainerApp before WithGarbageCollection", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_it_has_an_effect_in_a_local_run()
    {
        var untouched = TestModel.ToRun();
        var environment = await untouched.AddMlflow().Resource.EnvironmentAsync(untouched.Builder);

        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow();
        var resources = model.Builder.Resources.Count;

        var parameter = model.Builder.CreateResourceBuilder(new ParameterResource("parameter", _ => "value"));
        var vault = model.Builder.CreateResourceBuilder(new AzureKeyVaultResource("vault", _ => { }));
        mlflow
            .WithKeyVault(vault)
            .WithCustomDomain(parameter, parameter)
            .PublishAsContainerApp(model.Builder.AddAzureUserAssignedIdentity("identity"))
            .WithGarbageCollection(parameter, parameter);

        Assert.Equal(environment, await mlflow.Resource.EnvironmentAsync(model.Builder));
        Assert.Equal(resources, model.Builder.Resources.Count);
        Assert.Empty(mlflow.Resource.Annotations.OfType<AppIdentityAnnotation>());
    }
}
