using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class DatabaseConnectionsTests
{
    [Theory]
    [InlineData("Standard_B1ms", 35)]
    [InlineData("Standard_B2s", 414)]
    [InlineData("Standard_B2ms", 844)]
    [InlineData("Standard_D2ds_v5", 844)]
    [InlineData("Standard_E2ds_v5", 1703)]
    [InlineData("Standard_D64ds_v5", 4985)]
    public void A_size_has_the_connections_of_its_memory(string sku, int connections) => Assert.Equal(connections, new DatabaseSku(sku).Connections);

    [Theory]
    [InlineData("development SignIn=none", 19)]
    [InlineData("development SignIn=basic", 30)]
    [InlineData("production Replicas=3 Workers=2 SignIn=basic", 180)]
    [InlineData("production Replicas=3 Jobs=true JobQueue=redis SignIn=basic", 120)]
    public void Each_profile_has_enough(string settings, int connections)
    {
        var read = Read(settings);

        Assert.Equal(connections, DatabaseConnections.Count(read));
        Assert.True(connections <= read.Sizes.DatabaseSku.Connections);
    }

    [Fact]
    public void The_smallest_database_is_too_small_for_two_workers()
    {
        var failure = Assert.Throws<SettingsException>(() => Read("development Workers=2 SignIn=basic"));

        Assert.Contains("they may open 60 connections, and Standard_B1ms has 35.", failure.Message, StringComparison.Ordinal);
    }

    private static MlflowSettings Read(string settings)
    {
        var values = $"Profile={settings} Ingress=internal".Split(' ').Select(setting => setting.Split('='))
            .ToDictionary(pair => $"Mlflow:{pair[0]}", pair => (string?)pair[1]);
        return MlflowSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), isPublishing: true);
    }
}
