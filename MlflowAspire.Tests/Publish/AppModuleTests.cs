namespace MlflowAspire.Tests.Publish;

/// <summary>The modules of apps and jobs, which azd deploys one by one when the rest is there.</summary>
[Trait("Category", "Publish")]
public sealed class AppModuleTests
{
    [BicepTheory]
    [InlineData("mlflow", 7)]
    [InlineData("mlflow-gc", 1)]
    public async Task What_only_Azure_knows_is_a_parameter(string name, int count)
    {
        var deployment = await Variants.DeployAsync(Variants.Production);

        var containers = await deployment.ContainersAsync(name, new Dictionary<string, string> { ["storage_outputs_blobhost"] = "account.blob.example.com" });

        Assert.Equal(count, containers.Count);
        var values = containers.SelectMany(container => container.Environment.Values).Select(variable => variable.Value).OfType<string>();
        Assert.All(values, value => Assert.False(value.StartsWith('['), value));
        Assert.Equal(
            "wasbs://mlflow@account.blob.example.com",
            containers.Single(container => container.Name == name).Environment["MLFLOW_ARTIFACTS_DESTINATION"].Value);
    }
}
