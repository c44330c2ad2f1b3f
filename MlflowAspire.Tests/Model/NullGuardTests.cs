using System.Net;
using System.Reflection;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Model;

/// <summary>What an app host calls, of both packages, names the argument that is missing.</summary>
[Trait("Category", "Model")]
public class NullGuardTests
{
    private static readonly MethodInfo[] s_methods = [.. new[] { typeof(MlflowBuilderExtensions).Assembly, typeof(MlflowAzureExtensions).Assembly }
        .SelectMany(assembly => assembly.GetExportedTypes())
        .Where(type => type is { IsAbstract: true, IsSealed: true, Namespace: "Aspire.Hosting" })
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))];

    public static TheoryData<string, string> Parameters()
    {
        var data = new TheoryData<string, string>();
        foreach (var method in s_methods)
        {
            foreach (var parameter in method.GetParameters().Where(parameter => !parameter.ParameterType.IsValueType && !parameter.IsOptional))
            {
                data.Add(NameOf(method), parameter.Name!);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Parameters))]
    public void A_missing_argument_is_refused_by_name(string methodName, string parameterName)
    {
        var method = s_methods.Single(method => NameOf(method) == methodName);
        if (method.IsGenericMethodDefinition)
        {
            method = method.MakeGenericMethod(typeof(ContainerResource));
        }

        var model = TestModel.ToRun();
        var builder = model.Builder;
        var vault = builder.AddAzureKeyVault("vault");
        var environment = builder.AddAzureContainerAppEnvironment("environment");
        object[] known =
        [
            builder, builder.AddMlflow("other"), model.Database, model.Artifacts, environment, builder.AddAzureNfsShare("share", environment),
            builder.AddContainer("container", "image"), builder.AddPostgres("pg").AddDatabase("db"),
            builder.AddAzureUserAssignedIdentity("identity"), builder.AddParameter("parameter", secret: true), vault, vault.GetSecret("secret"),
            ReferenceExpression.Create($"postgresql://db.example.com/mlflow"), (EnvironmentCallbackContext _) => { },
            "text", new[] { "text" }, Array.Empty<IPNetwork>(), Array.Empty<MlflowOperator>(),
            new MlflowSecretVersions(), new MlflowImageBuild(), new MlflowSettings(),
            new SftpArtifactStoreOptions
            {
                UserName = "user",
                PrivateKey = builder.AddParameter("private-key", "key", secret: true),
                KnownHosts = builder.AddParameter("known-hosts", "hosts"),
            },
        ];
        var arguments = method.GetParameters().Select(parameter =>
            parameter.Name == parameterName ? null
            : parameter.HasDefaultValue ? parameter.DefaultValue
            : parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType)
            : known.First(parameter.ParameterType.IsInstanceOfType)).ToArray();

        var thrown = Assert.Throws<TargetInvocationException>(() => method.Invoke(null, arguments)).InnerException;
        Assert.Equal(parameterName, Assert.IsType<ArgumentNullException>(thrown).ParamName);
    }

    // Two classes may have methods of one name and the same parameters.
    private static string NameOf(MethodInfo method) => $"{method.DeclaringType!.Name}: {method}";
}
