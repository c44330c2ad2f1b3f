using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Profile=prod", "Mlflow:Profile is 'prod'; accepted: development or production.")]
    [InlineData("Network:Mode=hub", "Mlflow:Network:Mode is 'hub'; accepted: new or existing or existing-subnets.")]
    [InlineData(
        "Network:DnsZonesGroup=hub/rg-dns",
        "Mlflow:Network:DnsZonesGroup is 'hub/rg-dns'; accepted: the resource group of the private DNS zones, such as 'rg-dns'")]
    [InlineData(
        "Network:DatabaseSubnetName=data",
        "Mlflow:Network:DatabaseSubnetName is 'data'; accepted: the name of an existing subnet, with Mlflow:Network:Mode=existing-subnets")]
    [InlineData(
        "Network:OperatorRanges=203.0.113.0/24",
        "Mlflow:Network:OperatorRanges is '203.0.113.0/24'; accepted: private IPv4 ranges in CIDR notation, separated by commas")]
    [InlineData(
        "Existing:KeyVault=a/b/c",
        "Mlflow:Existing:KeyVault is 'a/b/c'; accepted: the name of an existing resource, or its resource group and its name, such as 'rg-platform/shared'")]
    [InlineData(
        "Network:AddressSpace=10.0.0.0",
        "Mlflow:Network:AddressSpace is '10.0.0.0'; accepted: a private range in CIDR notation with a prefix up to /24")]
    [InlineData("Network:AddressSpace=10.0.0.1/16", "Mlflow:Network:AddressSpace is '10.0.0.1/16'; accepted: a private range")]
    [InlineData("Network:AddressSpace=8.8.0.0/16", "Mlflow:Network:AddressSpace is '8.8.0.0/16'; accepted: a private range")]
    [InlineData("Network:AddressSpace=fd00::/16", "Mlflow:Network:AddressSpace is 'fd00::/16'; accepted: a private range")]
    [InlineData("Network:AddressSpace=10.0.0.0/28", "accepted: a private range in CIDR notation with a prefix up to /24")]
    [InlineData("Network:AddressSpace=172.30.0.0/16", "outside of 172.30.0.0/15")]
    [InlineData(
        "Network:ContainerAppsSubnet=10.0.0.0/28",
        "Mlflow:Network:ContainerAppsSubnet is '10.0.0.0/28'; accepted: a private range in CIDR notation with a prefix up to /27")]
    [InlineData(
        "Network:DatabaseSubnet=10.0.2.0/29",
        "Mlflow:Network:DatabaseSubnet is '10.0.2.0/29'; accepted: a private range in CIDR notation with a prefix up to /28")]
    [InlineData(
        "Network:DatabaseSubnet=10.1.0.0/28",
        "Mlflow:Network:DatabaseSubnet is '10.1.0.0/28'; accepted: a range within Mlflow:Network:AddressSpace, which is 10.0.0.0/16.")]
    [InlineData(
        "Network:PrivateEndpointsSubnet=10.0.1.0/24", "accepted: a range that does not overlap Mlflow:Network:ContainerAppsSubnet, which is 10.0.0.0/23.")]
    [InlineData(
        "Network:JobQueue=redis.example.com:6380",
        "Mlflow:Network:JobQueue is 'redis.example.com:6380'; accepted: an IPv4 range or a service tag, and the port")]
    [InlineData("Network:JobQueue=VirtualNetwork:0", "Mlflow:Network:JobQueue is 'VirtualNetwork:0'")]
    [InlineData(
        "Network:Rules:jump-host=10.9.0.4", "Mlflow:Network:Rules:jump-host is '10.9.0.4'; accepted: a flow by TCP such as '10.9.0.0/24 -> database:5432'")]
    [InlineData("Network:Rules:jump-host=10.9.0.4/24 -> database:5432", "Mlflow:Network:Rules:jump-host is '10.9.0.4/24 -> database:5432'")]
    [InlineData("Network:Rules:jump-host=10.9.0.0/24 -> 10.8.0.0/24:22", "and one of them is a subnet of MLflow")]
    [InlineData("Network:Rules:jump-host=10.9.0.0/24 -> database:70000", "Mlflow:Network:Rules:jump-host is '10.9.0.0/24 -> database:70000'")]
    [InlineData("Network:Rules:jump host=10.9.0.0/24 -> database:5432", "Mlflow:Network:Rules:jump host is '10.9.0.0/24 -> database:5432'")]
    [InlineData("Storage:Path=/teams", "Mlflow:Storage:Path is '/teams'; accepted: folders separated by '/', without one at either end")]
    [InlineData("ZoneRedundancy=2", "Mlflow:ZoneRedundancy is '2'; accepted: true or false.")]
    [InlineData("GeoRedundancy=yes", "Mlflow:GeoRedundancy is 'yes'; accepted: true or false.")]
    [InlineData("RetentionDays=6", "Mlflow:RetentionDays is '6'; accepted: a whole number from 7 to 35.")]
    [InlineData("RetentionDays=36", "Mlflow:RetentionDays is '36'; accepted: a whole number from 7 to 35.")]
    [InlineData("Database:Access=public", "Mlflow:Database:Access is 'public'; accepted: private-endpoint or delegated-subnet.")]
    [InlineData("Database:Authentication=none", "Mlflow:Database:Authentication is 'none'; accepted: entra or password.")]
    [InlineData("Database:Role=reader", "Mlflow:Database:Role is 'reader'; accepted: administrator or a or b.")]
    [InlineData("Database:Role=a", "Mlflow:Database:Role is 'a'; accepted: administrator while Mlflow:Database:Authentication is entra")]
    [InlineData("Database:Sku=D2ds_v5", "Mlflow:Database:Sku is 'D2ds_v5'; accepted: a size of PostgreSQL flexible servers: Burstable such as Standard_B1ms")]
    [InlineData(
        "Database:Sku=Standard_B2s", "Mlflow:Database:HighAvailability is 'true'; accepted: false with the Burstable size Standard_B2s of Mlflow:Database:Sku")]
    [InlineData("Database:StorageGiB=100", "Mlflow:Database:StorageGiB is '100'; accepted: 32, 64, 128,")]
    [InlineData(
        "Database:MaintenanceWindow=Sunday",
        "Mlflow:Database:MaintenanceWindow is 'Sunday'; accepted: a day of the week and a time in UTC such as 'Sunday 02:00'.")]
    [InlineData("Database:MaintenanceWindow=Sunday 25:00", "Mlflow:Database:MaintenanceWindow is 'Sunday 25:00'")]
    [InlineData("Database:MaintenanceWindow=3 02:00", "Mlflow:Database:MaintenanceWindow is '3 02:00'")]
    [InlineData("Database:Server=Restored", "Mlflow:Database:Server is 'Restored'; accepted: the name of a restored flexible server")]
    [InlineData("Storage:Authentication=sas", "Mlflow:Storage:Authentication is 'sas'; accepted: identity or access-key.")]
    [InlineData("Storage:AccessKey=2", "Mlflow:Storage:AccessKey is '2'; accepted: key1 or key2.")]
    [InlineData("Network:Hub=10.0.0.0/16", "Mlflow:Network:Hub is '10.0.0.0/16', and there is no such setting; ")]
    [InlineData("Workers=64", "Mlflow:Workers is '64'; accepted: fewer, or fewer Mlflow:Replicas, or a larger Mlflow:Database:Sku: they may open")]
    [InlineData("Workers=5", "Mlflow:Workers is '5'; accepted: 1 to 4 in the 2 GiB of the server; or Mlflow:MemoryGiB of 2.5 or more.")]
    [InlineData(
        "Workers=6;Jobs=true",
        "Mlflow:Workers is '6'; accepted: 1 to 5 in the 4 GiB of the server, of which jobs take a part; or Mlflow:MemoryGiB of 4.5 or more.")]
    [InlineData(
        "Operators:team=6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10",
        "Mlflow:Operators:team is '6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10'; accepted: 'group:<object id>', 'user:<object id>' or 'service-principal:")]
    [InlineData("Operators:team=group:ops@example.com", "Mlflow:Operators:team is 'group:ops@example.com'; accepted: 'group:<object id>'")]
    [InlineData("Operators:the team=group:6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10", "the name in letters, digits and hyphens")]
    [InlineData("Operators:team=group:6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10, blobs:all", "with ', blobs:read' or ', blobs:write' after it")]
    [InlineData(
        "Operators:a=group:6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10;Operators:b=user:6F1E2F5C-5a49-4a3e-9d3c-7a3b9f5f1e10",
        "Mlflow:Operators:b is 'user:6F1E2F5C-5a49-4a3e-9d3c-7a3b9f5f1e10'; accepted: an object id that Mlflow:Operators:a has not.")]
    [InlineData(
        "OperationJobs=check,repair", "Mlflow:OperationJobs is 'repair'; accepted: check, users, reset-admin, backup, restore, import, separated by "
            + "commas; or none.")]
    [InlineData(
        "SignIn=none;AllowAnonymous=true;OperationJobs=users",
        "Mlflow:OperationJobs is 'users'; accepted: jobs that the server can have; this one needs users, as basic authentication and OpenID Connect have")]
    [InlineData("Backups:Schedule=daily", "Mlflow:Backups:Schedule is 'daily'; accepted: a cron expression of five fields")]
    [InlineData(
        "Backups:Schedule=0 1 * * *;OperationJobs=check", "Mlflow:Backups:Schedule is '0 1 * * *'; accepted: nothing while Mlflow:OperationJobs lacks backup.")]
    [InlineData("Backups:RetentionDays=0", "Mlflow:Backups:RetentionDays is '0'; accepted: a whole number from 1 to 3650.")]
    [InlineData(
        "Import:Source=/data/mlruns",
        "Mlflow:Import:Source is '/data/mlruns'; accepted: the address of a server by https, such as 'https://mlflow.example.com', or by http with an IPv4 "
            + "address of a private network, such as 'http://10.20.0.4:5000', without credentials; a database or a folder is imported by the image")]
    [InlineData("Import:Source=sqlite:///mlflow.db", "Mlflow:Import:Source is 'sqlite:///mlflow.db'; accepted: the address of a server by https")]
    [InlineData("Import:Source=databricks", "Mlflow:Import:Source is 'databricks'; accepted")]
    [InlineData("Import:Source=http://mlflow.example.com:5000", "Mlflow:Import:Source is 'http://mlflow.example.com:5000'; accepted")]
    [InlineData("Import:Source=http://203.0.113.7:5000", "Mlflow:Import:Source is 'http://203.0.113.7:5000'; accepted")]
    [InlineData("Import:Source=https://owner:secret@mlflow.example.com", "; accepted: the address of a server by https")]
    [InlineData("Import:Source=https://mlflow.example.com/?workspace=a", "Mlflow:Import:Source is 'https://mlflow.example.com/?workspace=a'; accepted")]
    [InlineData("Import:Source=https://localhost:5000", "Mlflow:Import:Source is 'https://localhost:5000'; accepted")]
    [InlineData("Import:Source=http://127.0.0.1:5000", "Mlflow:Import:Source is 'http://127.0.0.1:5000'; accepted")]
    [InlineData("Import:Source=https://169.254.169.254", "Mlflow:Import:Source is 'https://169.254.169.254'; accepted")]
    [InlineData("Import:Source=https://[fd00::4]", "Mlflow:Import:Source is 'https://[fd00::4]'; accepted")]
    [InlineData("Import:UserName=owner", "Mlflow:Import:UserName is 'owner'; accepted: nothing without Mlflow:Import:Source.")]
    [InlineData("Import:Token=true", "Mlflow:Import:Token is 'true'; accepted: nothing without Mlflow:Import:Source.")]
    [InlineData("Import:Replace=true", "Mlflow:Import:Replace is 'true'; accepted: nothing without Mlflow:Import:Source.")]
    [InlineData("Import:Deleted=yes", "Mlflow:Import:Deleted is 'yes'; accepted: true or false.")]
    [InlineData(
        "Import:Source=https://mlflow.example.com;Import:UserName=owner;Import:Token=true",
        "Mlflow:Import:Token is 'true'; accepted: false while Mlflow:Import:UserName is 'owner', who signs in by a password.")]
    [InlineData(
        "Import:Source=https://mlflow.example.com;OperationJobs=check",
        "Mlflow:Import:Source is 'https://mlflow.example.com'; accepted: nothing while Mlflow:OperationJobs lacks import.")]
    [InlineData(
        "OperationJobs=import",
        "Mlflow:OperationJobs is 'import'; accepted: jobs that the server can have; this one needs a server to import from, Mlflow:Import:Source.")]
    [InlineData("Cores=0", "Mlflow:Cores is '0'; accepted: a number from 0.25 to 64.")]
    [InlineData("MemoryGiB=two", "Mlflow:MemoryGiB is 'two'; accepted: a number from 0.5 to 256.")]
    [InlineData(
        "Cores=2;MemoryGiB=3", "Mlflow:MemoryGiB is '3'; accepted: with Mlflow:Cores: 0.25 to 4 cores in steps of 0.25, and twice as many GiB as cores.")]
    [InlineData("AIGateway=off", "Mlflow:AIGateway is 'off'; accepted: true or false.")]
    [InlineData("Ingress=public", "Mlflow:Ingress is 'public'; accepted: external or internal or environment.")]
    [InlineData("CustomDomain=true", "Mlflow:CustomDomain is 'true'; accepted: the name of a domain in lower case, such as 'mlflow.example.com'.")]
    [InlineData("Certificate=vault", "Mlflow:Certificate is 'vault'; accepted: nothing without Mlflow:CustomDomain.")]
    [InlineData("KekVersion=0", "Mlflow:KekVersion is '0'; accepted: a whole number from 1")]
    [InlineData("WebhookKeyVersion=two", "Mlflow:WebhookKeyVersion is 'two'; accepted: a whole number from 1")]
    [InlineData("AllowedAddresses=203.0.113.0/24,office", "Mlflow:AllowedAddresses is 'office'; accepted: IPv4 ranges in CIDR notation")]
    [InlineData("AllowedAddresses=2001:db8::/32", "Mlflow:AllowedAddresses is '2001:db8::/32'; accepted: IPv4 ranges in CIDR notation")]
    [InlineData("Replicas=0", "Mlflow:Replicas is '0'; accepted: a whole number from 1 to 30.")]
    [InlineData("JobQueue=kafka", "Mlflow:JobQueue is 'kafka'; accepted: local or redis.")]
    [InlineData("LogRetentionDays=7", "Mlflow:LogRetentionDays is '7'; accepted: a whole number from 30 to 730.")]
    [InlineData("GarbageCollection:Schedule=daily", "Mlflow:GarbageCollection:Schedule is 'daily'; accepted: a cron expression of five fields")]
    [InlineData("GarbageCollection:Schedule=0 24 * * *", "Mlflow:GarbageCollection:Schedule is '0 24 * * *'")]
    [InlineData("GarbageCollection:Schedule=*/0 3 * * *", "Mlflow:GarbageCollection:Schedule is '*/0 3 * * *'")]
    [InlineData("GarbageCollection:Schedule=0 0 3 * * *", "Mlflow:GarbageCollection:Schedule is '0 0 3 * * *'")]
    [InlineData("GarbageCollection:Schedule=0 3 0 * *", "Mlflow:GarbageCollection:Schedule is '0 3 0 * *'")]
    [InlineData("GarbageCollection:Schedule=0 5-3 * * *", "Mlflow:GarbageCollection:Schedule is '0 5-3 * * *'")]
    [InlineData("GarbageCollection:OlderThan=a month", "Mlflow:GarbageCollection:OlderThan is 'a month'; accepted: days, hours, minutes and seconds")]
    [InlineData(
        "Oidc:TenantId=6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10",
        "Mlflow:Oidc:TenantId is '6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10'; accepted: nothing while Mlflow:SignIn is basic")]
    public void Bad_setting_is_named_with_its_value_and_what_is_accepted(string setting, string message) =>
        Assert.Contains(message, Assert.Throws<SettingsException>(() => Read(setting.Split(';'))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("0 3 * * *")]
    [InlineData("*/15 0-6,20 1,15 1-12/2 0-6")]
    public void Cron_expression_is_accepted(string schedule) =>
        Assert.Equal(schedule, Read($"GarbageCollection:Schedule={schedule}").Server.GarbageCollectionSchedule);

    [Fact]
    public void Replicas_with_jobs_need_a_queue_that_they_share()
    {
        var message = Assert.Throws<SettingsException>(() => Read("Replicas=2", "Jobs=true")).Message;

        Assert.Contains(
            "Mlflow:Replicas is '2'; accepted: 1 while Mlflow:Jobs is true and Mlflow:JobQueue is local; more replicas with Mlflow:JobQueue=redis",
            message,
            StringComparison.Ordinal);
        Assert.Equal(2, Read("Replicas=2", "Jobs=true", "JobQueue=redis").Server.Replicas);
        Assert.Equal(2, Read("Replicas=2").Server.Replicas);
    }

    [Theory]
    [InlineData("AllowedAddresses=203.0.113.0/24", "Mlflow:AllowedAddresses restricts addresses")]
    [InlineData("Ingress=internal", "Mlflow:Ingress is internal")]
    public void Azure_issues_no_certificate_for_a_server_that_it_does_not_reach(string setting, string reason)
    {
        var message = Assert.Throws<SettingsException>(() => Read("CustomDomain=ml.example.com", setting)).Message;

        Assert.Contains($"Mlflow:Certificate is 'managed'; accepted: vault while {reason}", message, StringComparison.Ordinal);
        Assert.Equal("ml.example.com", Read("CustomDomain=ml.example.com", "Certificate=vault", setting).Server.CustomDomain);
    }

    [Fact]
    public void The_internet_reaches_no_server_without_sign_in_by_accident()
    {
        var message = Assert.Throws<SettingsException>(() => Read("SignIn=none")).Message;

        Assert.Contains("Mlflow:SignIn is 'none'; accepted: basic, oidc or entra while Mlflow:Ingress is external", message, StringComparison.Ordinal);
        Assert.Contains("Mlflow:AllowAnonymous=true publishes it all the same", message, StringComparison.Ordinal);
        foreach (var setting in new[] { "AllowAnonymous=true", "AllowedAddresses=203.0.113.0/24", "Ingress=internal", "Ingress=environment", "SignIn=basic" })
        {
            Read("SignIn=none", setting);
        }

        Assert.Contains(
            "Mlflow:AllowAnonymous is 'true'; accepted: false while Mlflow:SignIn is basic",
            Assert.Throws<SettingsException>(() => Read("SignIn=basic", "AllowAnonymous=true")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_keys_of_a_provider_do_not_come_by_http()
    {
        var message = Assert.Throws<SettingsException>(
            () => Read("SignIn=oidc", "Oidc:ClientId=x", "Oidc:DiscoveryUrl=http://login.example.com/.well-known/openid-configuration")).Message;

        Assert.Contains(
            "Mlflow:Oidc:DiscoveryUrl is 'http://login.example.com/.well-known/openid-configuration'; accepted: an address by https",
            message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void All_bad_settings_are_named_at_once()
    {
        var message = Assert.Throws<SettingsException>(() => Read("Profile=prod", "Network:Mode=hub")).Message;

        Assert.Equal(["Mlflow:Profile", "Mlflow:Network:Mode"], message.Split(Environment.NewLine).Select(line => line.Split(' ')[0]));
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
        MlflowSettings.Read(
            new ConfigurationBuilder().AddInMemoryCollection([new("Mlflow:SignIn", "basic")])
                .AddCommandLine([.. settings.Select(setting => $"--Mlflow:{setting}")]).Build(),
            isPublishing: true);
}
