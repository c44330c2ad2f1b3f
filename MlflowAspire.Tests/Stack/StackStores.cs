using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Npgsql;

namespace MlflowAspire.Tests.Stack;

/// <summary>Looks into the stores behind MLflow's back.</summary>
internal static class StackStores
{
    /// <summary>The first column of a query on MLflow's database.</summary>
    public static Task<List<T>> QueryAsync<T>(this MlflowStack stack, string sql, params object[] parameters) =>
        stack.QueryDatabaseAsync<T>("mlflow-db", sql, parameters);

    /// <summary>The first column of a query on the database of users and permissions.</summary>
    public static Task<List<T>> QueryUsersAsync<T>(this MlflowStack stack, string sql, params object[] parameters) =>
        stack.QueryDatabaseAsync<T>("mlflow-auth-db", sql, parameters);

    private static async Task<List<T>> QueryDatabaseAsync<T>(this MlflowStack stack, string database, string sql, object[] parameters)
    {
        await using var connection = new NpgsqlConnection(await stack.ConnectionStringAsync(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        List<T> rows = [];
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetFieldValue<T>(0));
        }

        return rows;
    }

    /// <summary>The sizes of the blobs below a prefix of the artifact store, by the rest of their names.</summary>
    public static async Task<Dictionary<string, long>> BlobsAsync(this MlflowStack stack, string prefix = "")
    {
        var container = await stack.BlobContainerAsync();
        Dictionary<string, long> blobs = [];
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, default))
        {
            blobs.Add(blob.Name[prefix.Length..], blob.Properties.ContentLength ?? 0);
        }

        return blobs;
    }

    /// <summary>Deletes everything in the artifact store.</summary>
    public static async Task DeleteBlobsAsync(this MlflowStack stack)
    {
        var container = await stack.BlobContainerAsync();
        foreach (var blob in (await stack.BlobsAsync()).Keys)
        {
            await container.DeleteBlobAsync(blob);
        }
    }

    private static async Task<BlobContainerClient> BlobContainerAsync(this MlflowStack stack)
    {
        var connectionString = await stack.Resource<Aspire.Hosting.Azure.AzureBlobStorageContainerResource>("artifacts")
            .Parent.ConnectionStringExpression.GetValueAsync(default);
        return new BlobServiceClient(connectionString).GetBlobContainerClient("mlflow");
    }
}
