namespace MlflowAspire.Tests.Image;

/// <summary>Statements of operators.</summary>
[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public class SqlTests(ImageFixture image)
{
    [Fact]
    public async Task A_statement_reads_and_changes_nothing_unless_it_is_asked_for()
    {
        var database = await image.CreateMigratedDatabaseAsync();

        var read = (await image.RunAsync(database.Environment, "sql", "SELECT count(*) AS tables, '100 %' AS text FROM alembic_version")).Succeeded();
        Assert.Equal("tables,text\n1,100 %\n", read.Output);
        (await image.RunAsync(database.Environment, "sql", "COMMIT; BEGIN; DROP TABLE alembic_version"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: cannot execute DROP TABLE in a read-only transaction");
        (await image.RunAsync(database.Environment, "sql", "SET TRANSACTION READ WRITE; DROP TABLE alembic_version"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: transaction read-write mode must be set before any query");
        Assert.Equal(1, await database.ReadAsync<long>("SELECT count(*) FROM alembic_version"));
    }
}
