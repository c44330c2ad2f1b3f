using System.Net;
using System.Reflection;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class NullGuardTests
{
    public static TheoryData<string, string> Parameters()
    {
        var data = new TheoryData<string, string>();
        foreach (var method in Methods())
        {
            foreach (var parameter in method.GetParameters().Where(parameter => !parameter.ParameterType.IsValueType && !parameter.IsOptional))
            {
                data.Add(method.ToString()!, parameter.Name!);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Parameters))]
    public void A_missing_argument_is_refused_by_name(string methodName, string parameterName)
    {
        var method = Methods().Single(method => method.ToString() == methodName);
        if (method.IsGenericMethodDefinition)
        {
            method = method.MakeGenericMethod(typeof(ContainerResource));
        }

        var model = TestModel.ToRun();
        var vault = model.Builder.AddAzureKeyVault("vault");
        object[] known =
        [
            model.Builder, model.Builder.AddMlflow("other"), model.Database, model.Artifacts,
            model.Builder.AddContainer("container", "image"), model.Builder.AddPostgres("pg").AddDatabase("db"),
            model.Builder.AddAzureUserAssignedIdentity("identity"), model.Builder.AddParameter("parameter", secret: true), vault, vault.GetSecret("secret"),
            ReferenceExpression.Create($"postgresql://db.example.com/mlflow"), (EnvironmentCallbackContext _) => { },
            "text", new[] { "text" }, Array.Empty<IPNetwork>(), new MlflowSecretVersions(), new MlflowImageBuild(),
             new SftpArtifactStoreOptions
             {
                 UserName = "user",
                 PrivateKey = model.Builder.AddParameter("private-key", "key", secret: true),
                 KnownHosts = model.Builder.AddParameter("known-hosts", "hosts"),
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

    private static MethodInfo[] Methods() => typeof(MlflowBuilderExtensions).GetMethods(BindingFlags.Public | BindingFlags.Static);
}
