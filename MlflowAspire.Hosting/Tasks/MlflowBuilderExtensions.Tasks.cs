using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Where the environment runs no container before the server, the server migrates when it starts: the first of several, while the others wait.
    /// </summary>
    private static void SetMigration(this MlflowServerResource server, EnvironmentCallbackContext context)
    {
        if (context.ExecutionContext.IsPublishMode && !server.HasMigrationStep)
        {
            context.EnvironmentVariables["MLFLOW_SERVER_MIGRATE"] = "true";
        }
    }

    private static void AddMigration(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        // In a local run it also builds the image: all others start after it.
        var migration = builder.AddTask(mlflow, mlflow.Resource.Migration, "DatabaseArrowUp", buildsImage: true).WithArgs("migrate").ExcludeFromManifest();

        // Two servers on an empty database race for its tables, and an older schema is refused: the migration runs once, before any server.
        mlflow.WaitForCompletion(migration);
    }

    internal static IResourceBuilder<MlflowTaskResource> AddGarbageCollection(
        this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow) =>
        builder.AddTask(mlflow, mlflow.Resource.GarbageCollection, "Delete").WithArgs("gc");

    private static void AddGarbageCollectionCommand(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        const string Confirmation = "This permanently deletes the runs and experiments that are marked as deleted, with their artifacts. Continue?";
        var collection = builder.AddGarbageCollection(mlflow)
            .WaitForCompletion(builder.CreateResourceBuilder(mlflow.Resource.Migration))
            .WithExplicitStart()
            .WithConfirmedStart(Confirmation)
            .ExcludeFromManifest();

        mlflow.WithTaskCommand("collect-garbage", "Collect garbage", collection, new()
        {
            Description = "Permanently removes deleted runs and experiments, with their artifacts.",
            ConfirmationMessage = Confirmation,
            IconName = "Delete",
        });
    }

    private static void AddDemoData(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        var demo = builder.AddTask(mlflow, mlflow.Resource.DemoData, "Lightbulb")
            .WithArgs("demo")
            .WithReference(mlflow)
            .WaitFor(mlflow)
            // The demo ends with a link, for a browser outside of the network of containers.
            .WithEnvironment(async context =>
                context.EnvironmentVariables["MLFLOW_DEMO_BROWSER_ADDRESS"] = (await mlflow.Resource.UriExpression.GetValueAsync(context.CancellationToken))!)
            .WithExplicitStart()
            .ExcludeFromManifest();

        mlflow.WithTaskCommand("load-demo-data", "Load demo data", demo, new()
        {
            Description = "Loads MLflow's demo: traces, evaluation runs and prompts. It takes a minute.",
            IconName = "Lightbulb",
            IsHighlighted = true,
        });
    }

    internal static IResourceBuilder<MlflowTaskResource> AddTask(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<MlflowServerResource> mlflow,
        MlflowTaskResource task,
        string icon,
        bool buildsImage = false) => builder
        .AddResource(task)
        .WithMlflowImage(mlflow.Resource, buildsImage)
        .WithIconName(icon)
        .WithParentRelationship(mlflow);

    /// <summary>A task that a command starts, on the databases and the store of the server.</summary>
    private static IResourceBuilder<MlflowTaskResource> AddStoreTask(
        this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow, MlflowTaskResource task, string icon) => builder
        .AddTask(mlflow, task, icon)
        .WithEnvironmentOf(mlflow.Resource)
        .WaitForCompletion(builder.CreateResourceBuilder(mlflow.Resource.Migration))
        .WithExplicitStart()
        .ExcludeFromManifest();

    internal static IResourceBuilder<MlflowTaskResource> WithEnvironmentOf(this IResourceBuilder<MlflowTaskResource> task, IResource other) =>
        task.WithEnvironment(async context =>
        {
            foreach (var variable in other.Annotations.OfType<EnvironmentCallbackAnnotation>())
            {
                await variable.Callback(context);
            }
        });
}
