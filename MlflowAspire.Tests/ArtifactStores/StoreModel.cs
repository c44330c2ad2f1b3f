using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Tests.Model;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>An MLflow server that is looked at and never started, and has no artifact store yet.</summary>
internal sealed class StoreModel
{
    private readonly TestModel _model = TestModel.ToRun();

    public StoreModel() => Mlflow = _model.Builder.AddMlflow("mlflow").WithBackendStore(_model.Database);

    public IDistributedApplicationBuilder Builder => _model.Builder;

    public IResourceBuilder<MlflowServerResource> Mlflow { get; }

    public IResourceBuilder<Aspire.Hosting.Azure.AzureBlobStorageContainerResource> Blobs => _model.Artifacts;

    public IResourceBuilder<ParameterResource> Secret(string name) => Builder.AddParameter(name, $"{name}-value", secret: true);

    public IResourceBuilder<ParameterResource> Plain(string name) => Builder.AddParameter(name, $"{name}-value");

    /// <summary>The variables of the server that come from its artifact store.</summary>
    public async Task<Dictionary<string, string>> EnvironmentAsync()
    {
        var without = await Builder.AddMlflow("without").WithBackendStore(_model.Database).Resource.EnvironmentAsync(Builder);
        return (await Mlflow.Resource.EnvironmentAsync(Builder)).Where(variable => !without.ContainsKey(variable.Key)).ToDictionary();
    }
}
