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

        var thrown = await Assert.ThrowsAsync<DistributedApplicationException>(
            () => model.Builder.Eventing.PublishAsync(new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>())));
        Assert.Contains("'mlflow' has 2 replicas that run jobs", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("WithJobQueue", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_azure_and_restricted_addresses_exclude_each_other()
    {
        var thrown = await PublishAsync(mlflow => mlflow.WithCustomDomain("mlflow.example.com").WithIPRestrictions(IPNetwork.Parse("203.0.113.0/24")));
        Assert.Contains("'mlflow' has the domain mlflow.example.com and restricts addresses", thrown?.Message, StringComparison.Ordinal);

        Assert.Null(await PublishAsync(mlflow => mlflow.WithIPRestrictions(IPNetwork.Parse("203.0.113.0/24"))
            .WithCustomDomain("mlflow.example.com", mlflow.ApplicationBuilder.AddAzureKeyVault("vault").GetSecret("certificate"))));
    }

    [Theory]
    [InlineData("mlflow")]
    [InlineData("https://mlflow.example.com")]
    [InlineData("mlflow.example.com:443")]
    public void A_domain_is_a_name(string domain) =>
        Assert.Contains(
            $"is '{domain}'; accepted: the name of a domain",
            Assert.Throws<ArgumentException>(() => TestModel.Create().AddMlflow("mlflow").WithCustomDomain(domain)).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task An_external_endpoint_without_sign_in_is_not_published_by_accident()
    {
        var thrown = await PublishAsync(mlflow => mlflow.WithExternalHttpEndpoints());
        Assert.Contains("'mlflow' has an external endpoint and no sign-in", thrown?.Message, StringComparison.Ordinal);

        Assert.Null(await PublishAsync(_ => { }));
        Assert.Null(await PublishAsync(mlflow => mlflow.WithExternalHttpEndpoints().WithBasicAuth()));
        Assert.Null(await PublishAsync(mlflow => mlflow.WithExternalHttpEndpoints().WithIPRestrictions(IPNetwork.Parse("203.0.113.0/24"))));
        Assert.Null(await PublishAsync(mlflow => mlflow.WithExternalHttpEndpoints().WithAnonymousAccess()));
    }

    [Fact]
    public async Task Settings_open_a_server_only_when_they_say_so()
    {
        var thrown = await PublishAsync(mlflow => mlflow.WithSettings(new() { Workers = 2 }).WithExternalHttpEndpoints());
        Assert.Contains("'mlflow' has an external endpoint and no sign-in", thrown?.Message, StringComparison.Ordinal);

        Assert.Null(await PublishAsync(mlflow => mlflow.WithSettings(new() { AllowAnonymous = true }).WithExternalHttpEndpoints()));
    }

    [Fact]
    public void Addresses_are_of_ipv4() =>
        Assert.Contains(
            "'2001:db8::/32'",
            Assert.Throws<ArgumentException>(() => TestModel.Create().AddMlflow("mlflow").WithIPRestrictions(IPNetwork.Parse("2001:db8::/32"))).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task Garbage_collection_needs_a_published_server() =>
        Assert.Contains(
            "Call AddAzureContainerAppEnvironment",
            (await PublishAsync(mlflow => mlflow.WithGarbageCollection("0 3 * * *", "30d")))?.Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("every night", "30d", "schedule (of a job) is 'every night'; accepted: a cron expression of five fields")]
    [InlineData("0 3 * * *", "a month", "olderThan (--older-than) is 'a month'; accepted: days, hours, minutes and seconds, such as '30d' or '1d12h'.")]
    [InlineData("0 3 * * *", "30d\n", "olderThan (--older-than) is '30d\n'; accepted: ")]
    [InlineData("0 3 * * *", "", "olderThan (--older-than) is ''; accepted: ")]
    public void Garbage_collection_has_a_schedule_and_an_age(string schedule, string olderThan, string message) => Assert.Contains(
        message,
        Assert.Throws<ArgumentException>(() => TestModel.ToPublish().AddMlflow().WithGarbageCollection(schedule, olderThan)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData(29, false)]
    [InlineData(30, false, "mlflow-gc", 29)]
    [InlineData(20, true)]
    [InlineData(21, true, "mlflow-reset-admin", 20)]
    public async Task A_name_that_container_apps_refuses_is_refused_here(int length, bool hasJobs, string? longest = null, int accepted = 0)
    {
        var name = "mlflow".PadLeft(length, 'x');

        var thrown = await PublishModelAsync(model =>
        {
            model.Builder.AddAzureContainerAppEnvironment("environment");
            var mlflow = model.Builder.AddMlflow(name).WithBackendStore(model.Database).WithArtifactStore(model.Artifacts).WithBasicAuth();
            if (hasJobs)
            {
                mlflow.WithOperationJobs();
            }
        });

        Assert.Equal(
            longest is null
                ? null
                : $"MLflow server '{name}' is published with '{name[..^6]}{longest}', and Container Apps takes names of 32 characters; "
                    + $"accepted: a server with a name of {accepted} characters at most.",
            thrown?.Message);
    }

    [Fact]
    public async Task Nothing_of_it_has_an_effect_in_a_local_run()
    {
        var untouched = TestModel.ToRun();
        var environment = await untouched.AddMlflow().Resource.EnvironmentAsync(untouched.Builder);

        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow();
        var resources = model.Builder.Resources.Count;

        var vault = model.Builder.CreateResourceBuilder(new AzureKeyVaultResource("vault", _ => { }));
        mlflow
            .WithKeyVault(vault)
            .WithCustomDomain("mlflow.example.com")
            .WithAnonymousAccess()
            .WithGarbageCollection("0 3 * * *", "30d");

        Assert.Equal(environment, await mlflow.Resource.EnvironmentAsync(model.Builder));
        Assert.Equal(resources, model.Builder.Resources.Count);
    }

    /// <summary>What stops publishing the model, if anything does.</summary>
    private static Task<DistributedApplicationException?> PublishAsync(Action<IResourceBuilder<MlflowServerResource>> configure) => PublishModelAsync(model =>
        configure(model.AddMlflow()));

    private static async Task<DistributedApplicationException?> PublishModelAsync(Action<TestModel> configure)
    {
        var model = TestModel.ToPublish();
        configure(model);
        await using var app = model.Builder.Build();
        return await Record.ExceptionAsync(() =>
            model.Builder.Eventing.PublishAsync(
                new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>()))) as DistributedApplicationException;
    }
}
