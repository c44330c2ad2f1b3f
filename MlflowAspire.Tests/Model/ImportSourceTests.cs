using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

/// <summary>What an import reads on this machine, and how its container has it.</summary>
[Trait("Category", "Model")]
public sealed class ImportSourceTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mlflow-import-");

    private string Database => Path.Combine(_folder.FullName, "mlflow.db");

    private string Artifacts => _folder.CreateSubdirectory("mlruns").FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Database_is_mounted_with_what_is_beside_it()
    {
        File.WriteAllText(Database, "");
        var source = new ImportSource(Database, Artifacts, "s3://bucket/mlflow");

        Assert.Equal((null, null), source.Faults);
        Assert.Equal(["import", "/source/mlflow.db", "--artifacts", "/artifacts", "--artifact-root", "s3://bucket/mlflow"], source.Arguments);
        Assert.Equal(
            [(_folder.FullName, "/source", true), (Artifacts, "/artifacts", true)],
            source.Mounts.Select(mount => (mount.Source, mount.Target, mount.IsReadOnly)));
    }

    [Fact]
    public void Folder_has_its_artifacts_itself()
    {
        var source = new ImportSource(Artifacts, null, null);

        Assert.Equal((null, null), source.Faults);
        Assert.Equal(["import", "/source"], source.Arguments);
        Assert.Equal([(Artifacts, "/source")], source.Mounts.Select(mount => (mount.Source!, mount.Target)));
    }

    [Fact]
    public void Server_is_named_by_its_address()
    {
        var source = new ImportSource("https://mlflow.example/prefix", null, null);

        Assert.Equal((null, null), source.Faults);
        Assert.Equal(["import", "https://mlflow.example/prefix"], source.Arguments);
        Assert.Empty(source.Mounts);
        Assert.Equal("A server hands out its artifacts itself.", (source with { Artifacts = "/a" }).Faults.Artifacts);
        Assert.StartsWith("This is no address of a server", (source with { Path = "https://me:secret@host" }).Faults.Path, StringComparison.Ordinal);
        Assert.StartsWith("This is no address of a server", (source with { Path = "https://" }).Faults.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Dump_may_come_without_artifacts()
    {
        var dump = Path.Combine(_folder.FullName, "mlflow.sql");
        File.WriteAllText(dump, "");
        var source = new ImportSource(dump, null, null);

        Assert.Equal((null, null), source.Faults);
        Assert.Equal(["import", "/source/mlflow.sql"], source.Arguments);
    }

    [Fact]
    public void What_is_not_there_is_told()
    {
        Assert.Equal($"There is no {Database} on this machine.", new ImportSource(Database, Artifacts, null).Faults.Path);

        File.WriteAllText(Database, "");
        Assert.Equal("A database comes with the folder of its artifacts.", new ImportSource(Database, null, null).Faults.Artifacts);
        Assert.Equal("There is no folder /nowhere on this machine.", new ImportSource(Database, "/nowhere", null).Faults.Artifacts);
    }
}
