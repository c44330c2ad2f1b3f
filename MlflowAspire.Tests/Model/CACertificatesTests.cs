using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public sealed class CACertificatesTests : IDisposable
{
    private const string Variable = "MLFLOW_CA_CERTIFICATES";

    private readonly CertificateFolder _folder = new("models.example.com");

    private string Certificate => File.ReadAllText(Path.Combine(_folder.Path, "certificate.pem"));

    private string Key => File.ReadAllText(Path.Combine(_folder.Path, "key.pem"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Those_of_a_file_reach_server_and_tasks_and_a_key_beside_them_does_not()
    {
        var model = TestModel.ToRun();
        model.AddMlflow().WithCACertificates(Write($"company\n{Key}\n{Certificate}\n"));

        foreach (var name in new[] { "mlflow", "mlflow-migrate", "mlflow-gc", "mlflow-backup", "mlflow-restore", "mlflow-import", "mlflow-operation" })
        {
            var resource = model.Builder.Resources.Single(resource => resource.Name == name);
            Assert.Equal(Certificate, (await resource.EnvironmentAsync(model.Builder))[Variable]);
        }
    }

    [Fact]
    public async Task Those_of_a_parameter_are_taken_as_they_are()
    {
        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow();
        mlflow.WithCACertificates(model.Builder.AddParameter("company-ca", Certificate));

        Assert.Equal(Certificate, (await mlflow.Resource.EnvironmentAsync(model.Builder))[Variable]);
        Assert.Equal(Certificate, (await mlflow.Resource.Migration.EnvironmentAsync(model.Builder))[Variable]);
    }

    [Fact]
    public void A_file_without_certificates_is_refused()
    {
        var damaged = Certificate.Replace("MII", "MIX", StringComparison.Ordinal);
        foreach (var file in new[] { Path.Combine(_folder.Path, "missing.pem"), _folder.Path, Write(""), Write(Key), Write(damaged), Write(Many()) })
        {
            var mlflow = TestModel.ToRun().AddMlflow();
            var exception = Assert.Throws<ArgumentException>(() => mlflow.WithCACertificates(file));
            Assert.StartsWith(
                $"file ({Variable}) is '{file}'; accepted: a file of certificates as PEM text, of 100,000 characters at most.",
                exception.Message, StringComparison.Ordinal);
        }

        string Many() => string.Concat(Enumerable.Repeat($"{Certificate}\n", 1 + (100_000 / Certificate.Length)));
    }

    [Fact]
    public async Task The_setting_names_a_file_from_the_folder_of_the_app_host()
    {
        await using var builder = await AppHostBuilder.CreateAsync("--Mlflow:CACertificates=../MlflowAspire.Tests/company-ca.pem");
        var server = builder.Resources.OfType<MlflowServerResource>().Single();
        Assert.Equal(
            File.ReadAllText(Path.Combine(Repository.Root, "MlflowAspire.Tests", "company-ca.pem")).ReplaceLineEndings("\n").Trim(),
            (await server.EnvironmentAsync(builder))[Variable]);

        var exception = await Assert.ThrowsAnyAsync<Exception>(() => AppHostBuilder.CreateAsync("--Mlflow:CACertificates=company-ca.pem"));
        Assert.Contains(
            $"Mlflow:CACertificates is '{Path.Combine(Repository.Root, "MlflowAspire.AppHost", "company-ca.pem")}'; accepted: a file of certificates",
            exception.GetBaseException().Message, StringComparison.Ordinal);
    }

    private string Write(string text)
    {
        var file = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.pem");
        File.WriteAllText(file, text);
        return file;
    }
}
