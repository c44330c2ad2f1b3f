using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.ArtifactStores;

[Collection(StoreCollection.Name)]
[Trait("Category", "ArtifactStores")]
public class StoreSecretTests(StoreStack stores)
{
    [Theory]
    [InlineData(StoreStack.S3, "s3-key")]
    [InlineData(StoreStack.Ftp, "ftp-password")]
    [InlineData(StoreStack.Sftp, "sftp-key")]
    public async Task Credentials_are_in_no_argument_and_no_log(string store, string parameter)
    {
        var secret = (await stores.Stack.Resource<ParameterResource>(parameter).GetValueAsync(default))!.Split('\n')[^1];
        var mlflow = StoreStack.MlflowName(store);

        Assert.DoesNotContain(secret, await DockerCli.RunAsync("top", stores.Stack.ContainerId(mlflow), "-eo", "pid,args"), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, await stores.Stack.LogAsync(stores.Stack.Resource<MlflowServerResource>(mlflow)), StringComparison.Ordinal);
    }
}
