using Microsoft.Extensions.Configuration;
using MlflowAspire.AppHost;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Profile=prod", "Mlflow:Profile is 'prod'; accepted: development or production.")]
    [InlineData("Network:Mode=hub", "Mlflow:Network:Mode is 'hub'; accepted: new or existing.")]
    [InlineData("Network:AddressSpace=10.0.0.0", "Mlflow:Network:AddressSpace is '10.0.0.0'; accepted: a private range in CIDR notation with a prefix up to /24")]
    [InlineData("Network:AddressSpace=10.0.0.1/16", "Mlflow:Network:AddressSpace is '10.0.0.1/16'; accepted: a private range")]
    [InlineData("Network:AddressSpace=8.8.0.0/16", "Mlflow:Network:AddressSpace is '8.8.0.0/16'; accepted: a private range")]
    [InlineData("Network:AddressSpace=fd00::/16", "Mlflow:Network:AddressSpace is 'fd00::/16'; accepted: a private range")]
    [InlineData("Network:AddressSpace=10.0.0.0/28", "accepted: a private range in CIDR notation with a prefix up to /24")]
    [InlineData("Network:AddressSpace=172.30.0.0/16", "outside of 172.30.0.0/15")]
    [InlineData("Network:ContainerAppsSubnet=10.0.0.0/28", "Mlflow:Network:ContainerAppsSubnet is '10.0.0.0/28'; accepted: a private range in CIDR notation with a prefix up to /27")]
    [InlineData("Network:DatabaseSubnet=10.0.2.0/29", "Mlflow:Network:DatabaseSubnet is '10.0.2.0/29'; accepted: a private range in CIDR notation with a prefix up to /28")]
    [InlineData("Network:DatabaseSubnet=10.1.0.0/28", "Mlflow:Network:DatabaseSubnet is '10.1.0.0/28'; accepted: a range within Mlflow:Network:AddressSpace, which is 10.0.0.0/16.")]
    [InlineData("Network:PrivateEndpointsSubnet=10.0.1.0/24", "accepted: a range that does not overlap Mlflow:Network:ContainerAppsSubnet, which is 10.0.0.0/23.")]
    [InlineData("Network:Hub=10.0.0.0/16", "Mlflow:Network:Hub is '10.0.0.0/16'; accepted: one of the settings Mlflow:Port,")]
    public void Bad_setting_is_named_with_its_value_and_what_is_accepted(string setting, string message) =>
        Assert.Contains(message, Assert.Throws<SettingsException>(() => Read(setting)).Message, StringComparison.Ordinal);

    [Fact]
    public void All_bad_settings_are_named_at_once()
    {
        var message = Assert.Throws<SettingsException>(() => Read("Profile=prod", "Network:Mode=hub")).Message;

        Assert.Equal(["Mlflow:Profile", "Mlflow:Network:Mode"], message.Split(Environment.NewLine).Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task Bad_setting_stops_publishing_before_anything_is_written()
    {
        var directory = Directory.CreateTempSubdirectory("mlflow-publish-");
        try
        {
            var (exitCode, log) = await PublishedApp.RunAsync(directory.FullName, "Profile=prod");

            Assert.NotEqual(0, exitCode);
            Assert.Contains("Mlflow:Profile is 'prod'; accepted: development or production.", log, StringComparison.Ordinal);
            Assert.Empty(directory.EnumerateFileSystemInfos());
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Subnets_are_cut_from_the_address_space()
    {
        var network = Read("Network:AddressSpace=192.168.0.0/20").Network;

        Assert.Equal(
            ["192.168.0.0/23", "192.168.2.0/27", "192.168.2.32/27"],
            new[] { network.ContainerAppsSubnet, network.DatabaseSubnet, network.PrivateEndpointsSubnet }.Select(range => range.ToString()));
    }

    private static MlflowSettings Read(params string[] settings) =>
        MlflowSettings.Read(new ConfigurationBuilder().AddCommandLine([.. settings.Select(setting => $"--Mlflow:{setting}")]).Build());
}
