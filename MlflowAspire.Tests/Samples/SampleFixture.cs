using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.Samples;

/// <summary>The samples' app host, in real containers, with an MLflow that other machines can reach.</summary>
public sealed class SampleFixture : IAsyncLifetime
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    private readonly StackData _data = new();

    public MlflowStack Stack { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        // The orchestrator builds the image as well, and finds it built.
        await TestImage.GetAsync();
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.MlflowAspire_Samples_AppHost>([AppHostBuilder.WithoutWatching])
            .WaitAsync(s_limit);
        builder.CreateResourceBuilder(builder.Resources.OfType<MlflowServerResource>().Single()).WithBindAddress("0.0.0.0");
        _data.ApplyTo(builder);
        Assert.True(builder.Resources.OfType<PostgresServerResource>().Single().TryGetContainerImageName(out var postgres));
        await Tools.PrepareImageAsync(postgres!);
        builder.Services.AddLogging(logging => logging.AddFilter($"{builder.Environment.ApplicationName}.Resources", LogLevel.None));
        Stack = new(await builder.BuildAsync().WaitAsync(s_limit));
        await Stack.App.StartAsync().WaitAsync(s_limit);
        await Stack.WaitForHealthyAsync("mlflow");
    }

    public async Task DisposeAsync()
    {
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }

        await _data.DisposeAsync();
    }
}

/// <summary>The tests that share the samples' app host run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SampleCollection : ICollectionFixture<SampleFixture>
{
    public const string Name = "Samples";
}
